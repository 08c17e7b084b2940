import { runOnTerminal } from '../../process/terminal.ts';
import type { ConsoleStream } from '../types.ts';
import type { Ipmitool } from './ipmitool.ts';

/** What ends the session when it is typed after a line end: nothing that a terminal sends. */
const ESCAPE = '\u001c';

/**
 * The serial console of a machine, by serial over LAN. A session that is left over on the BMC is
 * ended first: it has one only. ipmitool takes no input but from a terminal.
 * @throws IronpxeError DRIVER_BMC_*
 */
export async function openSol(tool: Ipmitool, signal: AbortSignal): Promise<ConsoleStream> {
  await deactivate(tool);
  const { args, [Symbol.asyncDispose]: removePassword } = await tool.commandLine([
    '-e',
    ESCAPE,
    'sol',
    'activate',
  ]);
  const closing = new AbortController();
  const ended = AbortSignal.any([signal, closing.signal]);
  const { output, input } = await runOnTerminal('ipmitool', args, ended);
  return {
    output,
    input,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await removePassword();
      await deactivate(tool);
    },
  };
}

/** What is not active cannot be ended, which is as good. */
async function deactivate(tool: Ipmitool): Promise<void> {
  await tool.command(['sol', 'deactivate']).catch((error: unknown) => {
    const inactive = error instanceof Error && /already de-activated/.test(error.message);
    if (!inactive) throw error;
  });
}
