import { randomBytes } from 'node:crypto';
import { IronpxeError } from '../../errors/error.ts';
import type { Mac } from '../../values/mac.ts';
import type { PowerState } from '../types.ts';
import { macsOf, parseDomain, powerStateOf, type Domain } from './domain.ts';
import { NO_VIRSH } from './faults.ts';
import { shellQuote, type SshSession } from './session.ts';

/** A virtual machine and the power state it had when it was listed. */
export type Machine = { readonly domain: Domain; readonly powerState: PowerState };

/** The virsh commands that the driver uses, on one host. Machines are named by their UUID. */
export type Virsh = {
  /** Every virtual machine of the host, with its persistent definition. */
  machines(): Promise<readonly Machine[]>;
  powerState(uuid: string): Promise<PowerState>;
  start(uuid: string): Promise<void>;
  destroy(uuid: string): Promise<void>;
  define(xml: string): Promise<void>;
};

/** virsh over a session, talking to the libvirt at `uri`. */
export function virshOn(session: SshSession, uri: string): Virsh {
  const prelude = `LC_ALL=C; export LC_ALL
command -v virsh >/dev/null || { echo ${shellQuote(NO_VIRSH)} >&2; exit 127; }
virsh() { command virsh -q -c ${shellQuote(uri)} "$@"; }
`;
  const virsh = (command: string, uuid: string): Promise<string> =>
    session.script(`virsh ${command} ${uuid}`, `${prelude}virsh ${command} --domain ${uuid}`);
  return {
    async machines() {
      const mark = `ironpxe-${randomBytes(8).toString('hex')}`;
      return parseListing(await session.script('virsh list', prelude + listScript(mark)), mark);
    },
    async powerState(uuid) {
      return powerStateFrom(await virsh('domstate', uuid), uuid);
    },
    async start(uuid) {
      await virsh('start', uuid);
    },
    async destroy(uuid) {
      await virsh('destroy', uuid);
    },
    // virsh opens the path itself, and sshd may give it a socket, which cannot be opened: hence cat.
    async define(xml) {
      await session.script('virsh define', `${prelude}cat | virsh define /dev/stdin`, xml);
    },
  };
}

// virsh's own `echo` writes no line end. One virsh process for up to 200 machines: starting one per machine would cost 50 ms each.
function listScript(mark: string): string {
  return `ids=$(virsh list --all --uuid) || exit 3
flush() { [ -z "$batch" ] || virsh "$batch" || :; batch= count=0; }
batch= count=0
for id in $ids; do
  batch="$batch echo ${mark}; domstate $id; dumpxml --inactive --security-info $id;"
  count=$((count + 1))
  [ "$count" -lt 200 ] || flush
done
flush
echo ${mark}-end`;
}

/**
 * Reads the answer of the listing script. A machine that vanished while it was listed has no XML
 * and is left out.
 * @throws IronpxeError DRIVER_LIBVIRT when the listing broke off
 */
export function parseListing(output: string, mark: string): readonly Machine[] {
  const lines = output.trimEnd();
  if (!lines.endsWith(`${mark}-end`))
    throw new IronpxeError('DRIVER_LIBVIRT', 'virsh list: the listing broke off before its end.');
  const blocks = lines.slice(0, -`${mark}-end`.length).split(mark).slice(1);
  return blocks.flatMap((block) => {
    const [state = '', ...xml] = block.trimStart().split('\n');
    const domain = parseDomain(xml.join('\n').trim());
    const powerState = powerStateOf(state);
    return domain && powerState ? [{ domain, powerState }] : [];
  });
}

function powerStateFrom(answer: string, uuid: string): PowerState {
  const state = powerStateOf(answer);
  if (state !== undefined) return state;
  const found = JSON.stringify(answer.slice(0, 100));
  throw new IronpxeError('DRIVER_LIBVIRT', `virsh domstate ${uuid}: unknown state ${found}.`);
}

/**
 * The one machine that has a NIC with any of `macs`.
 * @throws IronpxeError DRIVER_MACHINE_NOT_FOUND, DRIVER_MACHINE_AMBIGUOUS
 */
export function machineByMacs(machines: readonly Machine[], macs: readonly Mac[]): Machine {
  const matches = machines.filter(({ domain }) => macsOf(domain).some((mac) => macs.includes(mac)));
  const [only] = matches;
  const wanted = macs.join(', ') || '(the node has no ports)';
  if (only === undefined)
    throw new IronpxeError(
      'DRIVER_MACHINE_NOT_FOUND',
      `None of the ${machines.length} virtual machines on the host has a NIC with ${wanted}.`,
    );
  if (matches.length === 1) return only;
  const names = matches.map(({ domain }) => `"${domain.name}"`).join(', ');
  throw new IronpxeError(
    'DRIVER_MACHINE_AMBIGUOUS',
    `${matches.length} virtual machines have a NIC with ${wanted}: ${names}; expected one.`,
  );
}
