import { type Command, COMMON_OPTIONS, type OptionRow } from './command.ts';
import { COMMANDS } from './commands.ts';
import { EXIT } from './exitCodes.ts';
import { formatTable } from './view/text.ts';

/** The first line of a command's help. */
export function usageOf(command: Command): string {
  const words = [command.name, ...command.args].join(' ');
  return `ironpxe ${words}${Object.keys(command.options).length > 0 ? ' [options]' : ''}`;
}

/** Help of one command. */
export function helpOf(command: Command): string {
  return [
    `${command.summary}.\n`,
    `Usage: ${usageOf(command)}\n`,
    `${command.text}\n`,
    `Options:\n${optionTable({ ...command.options, ...COMMON_OPTIONS })}`,
    `Examples:\n${command.examples.map((line) => `  ${line}\n`).join('')}`,
  ].join('\n');
}

/** Help of a group (`node`), or of everything when `group` is empty. */
export function helpOfGroup(group: string): string {
  const commands = COMMANDS.filter(({ name }) => group === '' || name.startsWith(`${group} `));
  const rows = commands.map((command) => [`  ${command.name}`, command.summary]);
  const conductor = group === '' ? [['  conductor', 'Run the conductor: --config FILE']] : [];
  const first = commands[0]?.name ?? 'node list';
  return [
    `Usage: ironpxe ${group === '' ? 'COMMAND' : `${group} COMMAND`} [options]\n`,
    `Commands:\n${formatTable([...conductor, ...rows])}`,
    ...(group === '' ? [FIRST_STEPS, exitTable()] : []),
    `"ironpxe ${first} --help" explains a command with examples.\n`,
  ].join('\n');
}

const FIRST_STEPS = `First steps:
  ironpxe conductor --config /etc/ironpxe/conductor.yaml
  ironpxe node enroll rack1-07 --driver pxe_ssh --driver-info ssh_address=192.0.2.1 … --port MAC
  ironpxe node deploy rack1-07 --image http://192.0.2.1/debian.qcow2 --root-gb 10 …
  ironpxe node events rack1-07

The API is found at --url, else at IRONPXE_URL, else at http://127.0.0.1:6385.
`;

function optionTable(options: Readonly<Record<string, OptionRow>>): string {
  const rows = Object.entries(options).map(([name, option]) => [
    `  --${name}${option.value === undefined ? '' : ` ${option.value}`}`,
    `${option.what}${option.many === true ? ' May be repeated.' : ''}`,
  ]);
  return formatTable(rows);
}

function exitTable(): string {
  const rows = Object.values(EXIT).map(({ status, meaning }) => [`  ${status}`, meaning]);
  return `Exit status:\n${formatTable(rows)}`;
}
