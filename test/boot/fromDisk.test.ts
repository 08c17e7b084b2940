import test from 'ava';
import type { TimelineEntry } from '../../lab/deploy.ts';
import { waitForSerial } from '../../lab/serial.ts';
import { LOGIN_PROMPT } from '../../lab/userImage.ts';
import { makeBootLab } from './bootLab.ts';
import { isIn } from './columns.ts';
import { deployOne, filesOf, LOGIN_TIMEOUT_MS } from './deployOne.ts';
import { BOOT_WAYS, inOrder } from './pairs.ts';

const ways = BOOT_WAYS.filter(({ name }) => isIn(process.env['IRONPXE_BOOT_WAYS'], name));
const TIMEOUT_MS = 19 * 60_000;
const LOCAL = {
  image_type: 'partition',
  capabilities: { boot_option: 'local' },
  kernel: undefined,
  ramdisk: undefined,
};

for (const way of ways)
  test.serial(`${way.name}: from the disk, by itself and sent there by the network`, async (t) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const name = 'from-disk';
    await using made = await makeBootLab(
      { dhcp: 'server', power: 'virsh' },
      [way.firmware],
      signal,
      {
        name,
        variant: 'cloud',
      },
    );
    const lab = { ...made, instanceInfo: { ...made.instanceInfo, ...LOCAL, root_gb: 2 } };
    const [node] = lab.nodes;
    if (node === undefined) throw new Error('no machine');
    const { api } = lab;

    const { uuid, endOffset } = await deployOne(lab, node, way, signal);
    const path = `/v1/nodes/${uuid}`;
    t.like(await api.get(`${path}/management/boot_device`), { boot_device: 'disk' });
    if (way.hangsOnExit) return;
    const { last_event_id: afterId } = await api.get<{ last_event_id: number }>(
      `${path}/timeline?limit=0`,
    );

    await api.put(`${path}/management/boot_device`, { boot_device: 'pxe', persistent: true });
    await api.put(`${path}/states/power`, { target: 'rebooting' });
    const again = { fromOffset: endOffset, timeoutMs: LOGIN_TIMEOUT_MS, signal };
    await waitForSerial(node.serialLogPath, LOGIN_PROMPT, again);
    const { events } = await api.get<{ events: readonly TimelineEntry[] }>(
      `${path}/timeline?after=${afterId}`,
    );
    const fetched = filesOf(events, uuid);
    const loaders = way.fetched.filter((line) => !line.includes('UUID'));
    t.true(inOrder(fetched, loaders), fetched.join(', '));
    t.false(
      fetched.some((line) => line.includes('UUID')),
      'no kernel comes from the network',
    );
  });
