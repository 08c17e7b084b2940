import { loadConfig } from '../config/load.ts';
import type { CheckResult, DoctorContext, DoctorNode } from '../doctor/check.ts';
import { examine } from '../doctor/checks.ts';
import { hasCode } from '../errors/error.ts';
import type { Command, Invocation } from './command.ts';
import { EXIT } from './exitCodes.ts';
import { nodePath, readAll } from './nodes.ts';
import { formatTable, printable } from './view/text.ts';

const DEFAULT_CONFIG = '/etc/ironpxe/conductor.yaml';

/** `ironpxe doctor` */
export const doctor: Command = {
  name: 'doctor',
  summary: 'Check this host before the first deploy',
  args: [],
  options: { config: { value: 'FILE', what: `The configuration (default ${DEFAULT_CONFIG}).` } },
  text: `Run it where the conductor runs or shall run, as its user. Looks at programs, boot loaders,
kernel and ramdisk, space, clock, addresses, rights, listening ports, MTU, other DHCP servers; and,
where a conductor answers at --url, fetches a boot file by TFTP and HTTP and asks every enrolled
BMC. Nothing is changed. The exit status is 1 when something fails; warnings alone leave it 0.`,
  examples: [
    'ironpxe doctor --config /etc/ironpxe/conductor.yaml',
    'ironpxe doctor --config FILE --json',
  ],
  run: check,
};

const SIGNS = { ok: '✓ ok', warn: '! warn', fail: '✗ FAIL', skip: '- skipped' } as const;

async function check(invocation: Invocation): Promise<number> {
  const { io, json } = invocation;
  const results = await examine(await contextOf(invocation));
  const failed = results.some(({ verdict }) => verdict === 'fail');
  if (json) io.out(`${JSON.stringify({ ok: !failed, checks: results })}\n`);
  else io.out(report(results));
  return failed ? EXIT.failed.status : EXIT.ok.status;
}

function report(results: readonly CheckResult[]): string {
  const rows = results.map(({ verdict, check: name, text }) => [
    SIGNS[verdict],
    name,
    printable(text),
  ]);
  const todo = results.filter(({ next }) => next !== undefined);
  const steps = todo.map(({ check: name, next }) => [`  ${name}:`, next ?? '']);
  return `${formatTable(rows)}${todo.length === 0 ? '' : `\nWhat to do:\n${formatTable(steps)}`}`;
}

async function contextOf(invocation: Invocation): Promise<DoctorContext> {
  const { client, io } = invocation;
  const { config } = loadConfig(invocation.text('config') ?? DEFAULT_CONFIG);
  const nodes = await readNodes(invocation);
  return {
    config,
    conductorRuns: nodes !== undefined,
    nodes,
    askBmc: (uuid) => client.get(`${nodePath(uuid)}/management/boot_device`),
    signal: io.signal,
  };
}

async function readNodes({ client }: Invocation): Promise<readonly DoctorNode[] | undefined> {
  try {
    const nodes = await readAll(
      client,
      '/v1/nodes?include_children=true&fields=uuid,name,driver',
      'nodes',
    );
    return nodes.map(({ uuid, name, driver }) => ({
      uuid: String(uuid),
      name: String(name ?? uuid),
      driver: String(driver),
    }));
  } catch (error) {
    if (hasCode(error, 'API_UNREACHABLE')) return undefined;
    throw error;
  }
}
