import test from 'ava';
import { makeBootLab } from './bootLab.ts';
import { deployOne, type Deployed } from './deployOne.ts';
import { DHCP_MODES } from './dhcpModes.ts';
import { BOOT_WAYS, type BootWay } from './pairs.ts';

/** Deploys at a time: more only slow each other down under software emulation. */
const AT_ONCE = 2;

const modes = DHCP_MODES.filter((mode) => wanted('IRONPXE_BOOT_DHCP', mode));
const ways = BOOT_WAYS.filter(({ name }) => wanted('IRONPXE_BOOT_WAYS', name));
const cells = new Map<string, string>();

/** Whether a comma-separated variable names `name`, or is not set. */
function wanted(variable: string, name: string): boolean {
  const list = process.env[variable];
  return list === undefined || list.split(',').includes(name);
}

for (const mode of modes)
  test.serial(`machines boot and deploy with DHCP: ${mode}`, async (t) => {
    const signal = AbortSignal.timeout(19 * 60_000);
    const pairs = ways.filter((way) => mode !== 'proxy' || !way.notBeside);
    const firmware = pairs.map((way) => way.firmware);
    await using lab = await makeBootLab(mode, firmware, signal);
    const queue = [...pairs.entries()];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [index, way] = next;
        const node = lab.hardware.nodes[index];
        if (node === undefined) throw new Error(`no machine ${index}`);
        const cell = `${way.name}, ${mode}`;
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

/** Power-on to login prompt, by firmware and DHCP. */
function table(): string[] {
  const rows = [
    ['power: virsh over ssh', ...modes],
    ...ways.map(({ name }) => [name, ...modes.map((mode) => cells.get(`${name}, ${mode}`) ?? '-')]),
  ];
  return rows.map((row) => row.map((cell, index) => cell.padEnd(index === 0 ? 24 : 10)).join(''));
}
