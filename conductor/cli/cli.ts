import { parseArgs } from 'node:util';
import { IronpxeError } from '../errors/error.ts';
import { type Command, COMMON_OPTIONS, type Invocation } from './command.ts';
import { COMMANDS } from './commands.ts';
import { EXIT, exitStatus } from './exitCodes.ts';
import { helpOf, helpOfGroup, usageOf } from './help.ts';
import type { Io } from './io.ts';
import { distance } from './nodes.ts';

/** Runs a command line (without `node` and the script) and returns the exit status. */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  const { words, rest } = splitWords(args);
  if (words[0] === 'conductor') return runConductor(args.slice(args.indexOf('conductor') + 1));
  try {
    return await dispatch(words, rest, io);
  } catch (error) {
    return report(error, words, args.includes('--json'), io);
  }
}

async function runConductor(args: string[]): Promise<number> {
  const { conductorCommand } = await import('./conductorCommand.ts');
  return conductorCommand(args);
}

/** Leading words name the command; options of every command may stand before them. */
function splitWords(args: readonly string[]): { words: string[]; rest: string[] } {
  const before: string[] = [];
  let index = 0;
  while (args[index]?.startsWith('-') === true) {
    before.push(args[index] ?? '');
    if (['--url', '--os-cloud'].includes(args[index] ?? '')) before.push(args[(index += 1)] ?? '');
    index += 1;
  }
  const words = args.slice(index, index + 2).filter((word) => !word.startsWith('-'));
  return { words, rest: [...before, ...args.slice(index + words.length)] };
}

async function dispatch(words: readonly string[], rest: string[], io: Io): Promise<number> {
  const name = words.join(' ');
  const command = COMMANDS.find((row) => row.name === name);
  if (command !== undefined) return runCommand(command, rest, io);
  // "record NODE": the second word is no part of the name.
  const [word, argument] = words;
  const short = COMMANDS.find((row) => row.name === word);
  if (short !== undefined) return runCommand(short, [String(argument), ...rest], io);
  const group = COMMANDS.some((row) => row.name.startsWith(`${words[0]} `)) ? words[0] : undefined;
  const isGroup = words.length === 0 || (words.length === 1 && group !== undefined);
  if (!isGroup && words[0] !== 'help') throw unknownCommand(name);
  const text = helpOfGroup(group ?? '');
  if (rest.includes('--help') || words[0] === 'help') io.out(text);
  else io.err(text);
  return rest.includes('--help') || words[0] === 'help' ? EXIT.ok.status : EXIT.usage.status;
}

function unknownCommand(name: string): IronpxeError {
  const near = COMMANDS.map((row) => row.name).filter((known) => distance(known, name) <= 3);
  const hint = near.length > 0 ? ` Did you mean "${near.join('" or "')}"?` : '';
  return new IronpxeError('CLI_USAGE', `There is no command "${name}".${hint}`);
}

async function runCommand(command: Command, rest: string[], io: Io): Promise<number> {
  if (rest.includes('--help')) {
    io.out(helpOf(command));
    return EXIT.ok.status;
  }
  const { values, positionals } = parse(command, rest);
  const most = command.args.length;
  if (positionals.length > most)
    throw new IronpxeError('CLI_USAGE', `"${positionals[most]}" is one argument too many.`);
  const read = readers(values);
  // Not before it is needed: the conductor is started by this program too, and stays small.
  const { DEFAULT_URL, openClient } = await import('./client.ts');
  const url = read.text('url') ?? io.env.IRONPXE_URL ?? DEFAULT_URL;
  const cloud = read.text('os-cloud');
  const credentials = { env: io.env, ...(cloud !== undefined && { cloud }) };
  const client = openClient(url, { signal: io.signal, credentials });
  return command.run({ client, io, args: positionals, ...read });
}

type Values = Readonly<Record<string, unknown>>;

function readers(values: Values): Pick<Invocation, 'json' | 'text' | 'list' | 'flag'> {
  return {
    json: values.json === true,
    text: (name) => (typeof values[name] === 'string' ? values[name] : undefined),
    list: (name) => (Array.isArray(values[name]) ? (values[name] as string[]) : []),
    flag: (name) => values[name] === true,
  };
}

function parse(command: Command, args: string[]): { values: Values; positionals: string[] } {
  const rows = Object.entries({ ...command.options, ...COMMON_OPTIONS });
  const options = Object.fromEntries(
    rows.map(([name, row]) => [
      name,
      {
        type: 'value' in row ? ('string' as const) : ('boolean' as const),
        multiple: 'many' in row && row.many === true,
      },
    ]),
  );
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    // Only the first sentence: the rest explains how to pass such an option as an argument.
    const message = (error as Error).message.split('. ')[0] ?? '';
    throw new IronpxeError('CLI_USAGE', `${message}. Usage: ${usageOf(command)}`, { cause: error });
  }
}

/** Tells what went wrong and what to do, and gives the exit status. */
function report(error: unknown, words: readonly string[], json: boolean, io: Io): number {
  if (io.signal.aborted) {
    io.err('Interrupted; what the conductor has begun goes on there.\n');
    return EXIT.interrupted.status;
  }
  if (!(error instanceof IronpxeError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.err(`ironpxe: a fault of this program: ${text}\n`);
    return EXIT.failed.status;
  }
  const next = error.code === 'CLI_USAGE' ? whereHelpIs(words) : error.row.next;
  const { code, message } = error;
  if (json) io.err(`${JSON.stringify({ error: { code, message, next } })}\n`);
  else io.err(`ironpxe: ${message}\n  ${next} [${code}]\n`);
  return exitStatus(code);
}

function whereHelpIs(words: readonly string[]): string {
  const name = words.join(' ');
  return COMMANDS.some((row) => row.name === name)
    ? `"ironpxe ${name} --help" shows its options and examples.`
    : '"ironpxe --help" lists the commands.';
}
