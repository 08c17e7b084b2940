import { run } from '../../conductor/process/run.ts';

/** Machines and a conductor at a switch, each in a network namespace, all links of one rate. */
export type FleetNetwork = AsyncDisposable & {
  /** The namespace of the conductor. */
  readonly conductor: string;
  readonly conductorAddress: string;
  readonly machines: readonly { readonly namespace: string; readonly address: string }[];
  /** The address at the switch of whoever made the network, in the namespace that it runs in. */
  readonly host: string;
};

/** Bytes that a link takes at once; below that the rate is not reached. */
const BURST_BYTES = 256 * 1024;

/**
 * Makes the network, without a limit where `mbit` is undefined; the last machine's link may be a slow
 * one. Disposing it takes the namespaces away and with them all in them.
 */
export async function makeFleetNetwork(
  machines: number,
  mbit: number | undefined,
  lastMbit = mbit,
): Promise<FleetNetwork> {
  await using stack = new AsyncDisposableStack();
  const prefix = `fleet${process.pid}`;
  const addSpace = async (name: string): Promise<string> => {
    const namespace = `${prefix}-${name}`;
    await run('ip', ['netns', 'add', namespace]);
    stack.defer(async () => void (await run('ip', ['netns', 'del', namespace])));
    return namespace;
  };
  const middle = await addSpace('switch');
  await run('ip', ['-n', middle, 'link', 'add', 'bridge', 'type', 'bridge']);
  await run('ip', ['-n', middle, 'link', 'set', 'bridge', 'up']);
  const net = `10.${100 + (process.pid % 90)}`;
  const host = `${net}.0.2`;
  await plugHost(host, prefix, middle);
  // A namespace goes a while after its name; the next network takes the same names.
  stack.defer(async () => void (await run('ip', ['link', 'del', prefix])));
  const conductor = await addSpace('conductor');
  const conductorAddress = `${net}.0.1`;
  await plug({ namespace: conductor, address: conductorAddress }, middle, 'p0', mbit);
  const added = [];
  for (let number = 1; number <= machines; number++) {
    const machine = { namespace: await addSpace(`m${number}`), address: `${net}.1.${number}` };
    await plug(machine, middle, `p${number}`, number < machines ? mbit : lastMbit);
    added.push(machine);
  }
  const made = stack.move();
  const ends = { conductor, conductorAddress, machines: added, host };
  return { ...ends, [Symbol.asyncDispose]: () => made.disposeAsync() };
}

/** A cable to the switch that has no limit; only control takes it. */
async function plugHost(address: string, name: string, middle: string): Promise<void> {
  const ip = async (...args: string[]) => void (await run('ip', args));
  await ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'host', 'netns', middle);
  await ip('-n', middle, 'link', 'set', 'host', 'master', 'bridge', 'up');
  await ip('addr', 'add', `${address}/16`, 'dev', name);
  await ip('link', 'set', name, 'up');
}

/** A cable to the switch, with the same rate in both directions. */
async function plug(
  { namespace, address }: { readonly namespace: string; readonly address: string },
  middle: string,
  plugName: string,
  mbit: number | undefined,
): Promise<void> {
  const ip = async (...args: string[]) => void (await run('ip', args));
  const pair = ['type', 'veth', 'peer', 'name', plugName, 'netns', middle];
  await ip('-n', namespace, 'link', 'add', 'eth0', ...pair);
  await ip('-n', middle, 'link', 'set', plugName, 'master', 'bridge', 'up');
  await ip('-n', namespace, 'addr', 'add', `${address}/16`, 'dev', 'eth0');
  await ip('-n', namespace, 'link', 'set', 'lo', 'up');
  await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  if (mbit === undefined) return;
  await shape(namespace, 'eth0', mbit);
  await shape(middle, plugName, mbit);
}

async function shape(namespace: string, device: string, mbit: number): Promise<void> {
  const rate = ['rate', `${mbit}mbit`, 'burst', `${BURST_BYTES}`, 'latency', '50ms'];
  await run('tc', ['-n', namespace, 'qdisc', 'add', 'dev', device, 'root', 'tbf', ...rate]);
}
