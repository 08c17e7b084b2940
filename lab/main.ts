import { explain, IronpxeError } from '../conductor/errors/error.ts';
import { checkRoot } from './checks.ts';
import { openConsole } from './console.ts';
import { explainPlainly, ImageToolError } from '../image-tools/errors/error.ts';
import { LabFault } from './fault.ts';
import { removeHardware } from './hardware.ts';
import { HELP, readOptions, type LabOptions } from './options.ts';
import { statusLines } from './status.ts';
import { createView } from './view.ts';
import { walk } from './walk.ts';

async function main(options: LabOptions, signal: AbortSignal): Promise<number> {
  const { command, stateDir } = options;
  const view = createView(process.stdout);
  switch (command) {
    case 'help':
      view.plain(HELP.trimEnd());
      return 0;
    case 'up':
      await walk(options, view, signal);
      return 0;
    case 'down': {
      checkRoot();
      const ended = await removeHardware(options);
      view.plain(`The lab "${options.name}" is down; ${ended} processes were ended.`);
      return 0;
    }
    case 'status':
      for (const line of await statusLines(stateDir)) view.plain(line);
      return 0;
    case 'console':
      return openConsole(stateDir, options.node ?? '');
    default:
      throw new Error(`No such command: ${String(command satisfies never)}`);
  }
}

function report(error: unknown, signal: AbortSignal): number {
  if (signal.aborted) console.error('\nInterrupted; what this command set up is taken down.');
  else if (error instanceof LabFault)
    console.error(`\nironpxe lab: ${error.message}\n             ${error.wayOut}`);
  else if (error instanceof IronpxeError) console.error(`\nironpxe lab: ${explain(error)}`);
  else if (error instanceof ImageToolError)
    console.error(`\nironpxe lab: ${explainPlainly(error)}`);
  else throw error;
  return signal.aborted ? 130 : 1;
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => interrupted.abort(new Error(signal)));
try {
  process.exitCode = await main(readOptions(process.argv.slice(2)), interrupted.signal);
} catch (error) {
  process.exitCode = report(error, interrupted.signal);
}
