import { convert } from '../convert/convert.ts';
import { inspectImage } from '../convert/inspectImage.ts';
import { explainPlainly, ImageToolError } from '../errors/error.ts';
import { describeRegistration } from '../glance/describe.ts';
import type { RegisterOptions } from '../glance/registerImages.ts';
import { parseCommand, type Command } from './arguments.ts';
import { describeFound, describeResult } from './describe.ts';
import { HELP } from './help.ts';
import { ProgressPrinter } from './progress.ts';

async function main(): Promise<void> {
  const command = parseCommand(process.argv.slice(2));
  if (command.kind === 'help') {
    console.log(HELP);
    return;
  }
  const printer = new ProgressPrinter(process.stderr);
  const options = {
    ...command.options,
    signal: interruptSignal(),
    ...(!command.talk.quiet && {
      onEvent: (event: Parameters<ProgressPrinter['show']>[0]) => printer.show(event),
    }),
  };
  try {
    await (command.kind === 'inspect'
      ? showInspection(command, options)
      : showConversion(command, options, printer));
  } finally {
    printer.end();
  }
}

type Work = Exclude<Command, { kind: 'help' }>;

async function showConversion(
  { talk, glance }: Work,
  options: Work['options'],
  printer: ProgressPrinter,
): Promise<void> {
  // What speaks with Glance takes longer to load than all else.
  const cloud = glance && (await import('../glance/registerImages.ts'));
  await cloud?.tryCloud(undefined, options.signal);
  const result = await convert(options);
  printer.end();
  if (!talk.json) console.log(describeResult(result).join('\n'));
  const { signal } = options;
  const onEvent: RegisterOptions['onEvent'] = (event) =>
    talk.quiet || printer.showRegistration(event);
  const registered =
    glance && (await cloud?.registerImages(result, { style: glance, signal, onEvent }));
  printer.end();
  if (talk.json) console.log(JSON.stringify({ ...result, glance: registered }, null, 1));
  else if (registered) console.log(describeRegistration(registered).join('\n'));
}

/** What was found is the answer, and goes to standard output; only progress goes beside it. */
async function showInspection({ talk }: Work, options: Work['options']): Promise<void> {
  const found = await inspectImage({
    ...options,
    onEvent(event) {
      const lines = describeFound(event);
      if (!lines) options.onEvent?.(event);
      else if (!talk.json) console.log(lines.join('\n'));
    },
  });
  if (talk.json) console.log(JSON.stringify(found, null, 1));
}

/**
 * Ctrl-C, a polite kill and a closed terminal end the conversion in order. The listeners stay:
 * execa ends the process itself when it finds none but its own.
 */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () =>
      controller.abort(new ImageToolError('INTERRUPTED', `Stopped by ${name}.`)),
    );
  return controller.signal;
}

function fail(error: unknown): void {
  const wantsJson = process.argv.includes('--json');
  if (wantsJson && error instanceof ImageToolError) {
    const { code, message, row } = error;
    console.log(JSON.stringify({ error: { code, message, cause: row.cause, next: row.next } }));
  } else console.error(`atomic-to-pxe: ${explainPlainly(error)}`);
  process.exitCode = error instanceof ImageToolError ? error.row.exitStatus : 1;
}

await main().catch(fail);
