import test from 'ava';
import { makeBootLab } from './bootLab.ts';
import { deployOne, type Deployed } from './deployOne.ts';
import { columnsFor, isIn } from './columns.ts';
import { BOOT_WAYS, inOrder, isPair } from './pairs.ts';

/** Deploys at a time: more only slow each other down under software emulation. */
const AT_ONCE = 2;

const { IRONPXE_BOOT_DHCP, IRONPXE_BOOT_POWER, IRONPXE_BOOT_WAYS } = process.env;
const columns = columnsFor(IRONPXE_BOOT_DHCP, IRONPXE_BOOT_POWER);
const ways = BOOT_WAYS.filter(({ name }) => isIn(IRONPXE_BOOT_WAYS, name));
const cells = new Map<string, string>();
/** Five times what a column takes on two cores that have nothing else to do. */
const COLUMN_TIMEOUT_MS = 59 * 60_000;

for (const column of columns) {
  const { dhcp, power } = column;
  test.serial(`machines boot and deploy: DHCP ${dhcp}, power by ${power}`, async (t) => {
    const signal = AbortSignal.timeout(COLUMN_TIMEOUT_MS);
    const pairs = ways.filter((way) => isPair(way, dhcp) && (column === columns[0] || !way.once));
    const firmware = pairs.map((way) => way.firmware);
    await using lab = await makeBootLab(column, firmware, signal);
    const queue = [...pairs.entries()];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [index, way] = next;
        const node = lab.nodes[index];
        if (node === undefined) throw new Error(`no machine ${index}`);
        const cell = `${way.name}, ${dhcp}, ${power}`;
        cells.set(cell, 'failed');
        const deployed = await deployOne(lab, node, way, signal).catch((error: unknown) => error);
        if (isDeployed(deployed)) {
          t.true(inOrder(deployed.fetched, way.fetched), `${cell}: ${deployed.fetched.join(', ')}`);
          cells.set(cell, `${deployed.seconds} s`);
          t.log(`${cell}: ${deployed.seconds} s, TFTP windows ${deployed.windowsizes.join()}`);
          // What has nothing more to show must not slow the others down.
          await lab.api.put(`/v1/nodes/${deployed.uuid}/states/power`, { target: 'power off' });
        } else t.fail(`${cell}: ${String(deployed)}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  });
}

test.after.always('the table', () => {
  for (const line of table()) console.log(line);
});

function isDeployed(result: unknown): result is Deployed {
  return typeof result === 'object' && result !== null && 'fetched' in result;
}

/** Power-on to login prompt, by firmware, DHCP and power. */
function table(): string[] {
  const rows = [
    ['DHCP', ...columns.map(({ dhcp }) => dhcp)],
    ['power', ...columns.map(({ power }) => power)],
    ...ways.map(({ name }) => [
      name,
      ...columns.map(({ dhcp, power }) => cells.get(`${name}, ${dhcp}, ${power}`) ?? '-'),
    ]),
  ];
  return rows.map((row) => row.map((cell, index) => cell.padEnd(index === 0 ? 20 : 10)).join(''));
}
