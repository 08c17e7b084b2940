import test from 'ava';
import { makeBootLab } from './bootLab.ts';
import { deployOne, type Deployed } from './deployOne.ts';
import { COLUMNS } from './columns.ts';
import { BOOT_WAYS, type BootWay } from './pairs.ts';

/** Deploys at a time: more only slow each other down under software emulation. */
const AT_ONCE = 2;

const columns = COLUMNS.filter(
  ({ dhcp, power }) => wanted('IRONPXE_BOOT_DHCP', dhcp) && wanted('IRONPXE_BOOT_POWER', power),
);
const ways = BOOT_WAYS.filter(({ name }) => wanted('IRONPXE_BOOT_WAYS', name));
const cells = new Map<string, string>();

/** Whether a comma-separated variable names `name`, or is not set. */
function wanted(variable: string, name: string): boolean {
  const list = process.env[variable];
  return list === undefined || list.split(',').includes(name);
}

for (const column of columns) {
  const { dhcp, power } = column;
  test.serial(`machines boot and deploy: DHCP ${dhcp}, power by ${power}`, async (t) => {
    const signal = AbortSignal.timeout(19 * 60_000);
    const pairs = ways.filter((way) => dhcp !== 'proxy' || !way.notBeside);
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

/** Whether `needed` is in `fetched` in its order, with others between. */
function inOrder(fetched: readonly string[], needed: BootWay['fetched']): boolean {
  const rest = fetched.map((line) => line.replace(' /', ' '));
  return needed.every((line) => {
    const at = rest.indexOf(line.replace(' /', ' '));
    if (at >= 0) rest.splice(0, at + 1);
    return at >= 0;
  });
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
