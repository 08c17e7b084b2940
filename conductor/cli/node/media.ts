import { IronpxeError } from '../../errors/error.ts';
import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { followOperation, lastEventId, type WireEvent } from '../follow.ts';
import { nodePath, readNode } from '../nodes.ts';
import { printable } from '../view/text.ts';
import { NO_WAIT, requiredArg } from './common.ts';

/** `ironpxe node media` */
export const nodeMedia: Command = {
  name: 'node media',
  summary: 'Put an image into a virtual drive of a machine, or take it out',
  args: ['NODE', 'ACTION', '[DEVICE]', '[URL]'],
  options: {
    ...NO_WAIT,
    direct: { what: 'With attach: the BMC fetches the image itself, not the conductor for it.' },
  },
  text: `ACTION is attach or detach, DEVICE cdrom, disk or floppy; detach without one empties all.
The conductor fetches the image and serves it to the BMC for as long as it is attached. Returns
when the BMC shows the drive as it was told to be. Of the drivers, redfish has virtual drives.`,
  examples: [
    'ironpxe node media rack1-07 attach cdrom https://images.example/tool.iso',
    'ironpxe node media rack1-07 detach',
  ],
  run: media,
};

async function media(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const { uuid } = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const afterId = await lastEventId(client, uuid);
  await begin(invocation, `${nodePath(uuid)}/vmedia`);
  if (invocation.flag('no-wait')) {
    io.out(json ? '{}\n' : 'Begun.\n');
    return EXIT.ok.status;
  }
  let ended: WireEvent | undefined;
  await followOperation(client, uuid, {
    afterId,
    signal: io.signal,
    until: () => ended !== undefined,
    onEvent: (event) => {
      if (event.kind.startsWith('media.')) ended ??= event;
    },
  });
  if (ended?.kind === 'media.failed') throw new IronpxeError('OPERATION_FAILED', ended.message);
  io.out(json ? `${JSON.stringify(ended)}\n` : `${printable(ended?.message ?? '')}\n`);
  return EXIT.ok.status;
}

async function begin(invocation: Invocation, path: string): Promise<void> {
  const { client } = invocation;
  const action = requiredArg(invocation, 1, 'attach or detach');
  const device = invocation.args[2];
  if (action === 'detach') {
    const query = device === undefined ? '' : `?device_types=${encodeURIComponent(device)}`;
    await client.send('DELETE', `${path}${query}`);
    return;
  }
  if (action !== 'attach')
    throw new IronpxeError('CLI_USAGE', `"${action}": expected attach or detach.`);
  await client.send('POST', path, {
    device_type: requiredArg(invocation, 2, 'DEVICE'),
    image_url: requiredArg(invocation, 3, 'URL'),
    image_download_source: invocation.flag('direct') ? 'http' : 'local',
  });
}
