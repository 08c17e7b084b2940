import { constants, open, stat } from 'node:fs/promises';
import { ReadStream } from 'node:tty';
import { run } from '../conductor/process/run.ts';
import type { HardwareFacts, HardwareNode } from './hardware.ts';
import { libvirtUri } from './libvirt.ts';
import { type FollowOptions, waitForSerial } from './serial.ts';

/** The serial port of a machine that runs, to be typed on; what it says stands in its log. */
export type Keyboard = AsyncDisposable & {
  /** Types a line. */
  type(line: string): Promise<void>;
  /**
   * Types a command into a shell and gives all that was said until its end. A shell that is just
   * setting up its terminal loses what is typed, so it is asked again.
   * @throws Error when nothing comes within `timeoutMs`
   */
  ask(command: string, options: { readonly timeoutMs: number }): Promise<string>;
};

const END = 'that-is-all';
const TRY_AGAIN_AFTER_MS = 30_000;

/** Opens the serial port of a machine of a lab. One at a time, and no `virsh console` beside it. */
export async function openKeyboard(lab: HardwareFacts, node: HardwareNode): Promise<Keyboard> {
  const uri = libvirtUri(lab.stateDir);
  const { stdout } = await run('virsh', ['-q', '-c', uri, 'ttyconsole', node.name]);
  const file = await open(stdout.trim(), constants.O_RDWR | constants.O_NOCTTY);
  // QEMU waits for somebody to read; the log has it all already.
  const drain = new ReadStream(file.fd).resume();
  drain.on('error', () => undefined);
  const type = async (line: string): Promise<void> => void (await file.write(`${line}\r`));
  return {
    type,
    ask: (command, { timeoutMs }) => ask(node.serialLogPath, type, command, timeoutMs),
    async [Symbol.asyncDispose]() {
      drain.destroy();
      // The stream has closed the descriptor that they share.
      await file.close().catch(() => undefined);
    },
  };
}

async function ask(
  logPath: string,
  type: Keyboard['type'],
  command: string,
  timeoutMs: number,
): Promise<string> {
  const endMs = performance.now() + timeoutMs;
  const { size: fromOffset } = await stat(logPath);
  for (;;) {
    // The quotes keep the mark out of the echo of the command.
    await type(`${command}; echo that-is-""all`);
    const leftMs = Math.max(1, Math.min(TRY_AGAIN_AFTER_MS, endMs - performance.now()));
    try {
      return await answer(logPath, { fromOffset, timeoutMs: leftMs });
    } catch (error) {
      if (performance.now() >= endMs) throw error;
    }
  }
}

async function answer(
  logPath: string,
  options: FollowOptions & { readonly timeoutMs: number },
): Promise<string> {
  const { match } = await waitForSerial(logPath, new RegExp(`([^]*)${END}`), options);
  return match[1] ?? '';
}

/** Logs in as root at the login prompt, which must be there already. */
export async function logIn(
  keyboard: Keyboard,
  logPath: string,
  { fromOffset, password }: { readonly fromOffset: number; readonly password: string },
): Promise<void> {
  const timeoutMs = 180_000;
  await keyboard.type('root');
  const asked = await waitForSerial(logPath, /assword: /, { fromOffset, timeoutMs });
  await keyboard.type(password);
  await waitForSerial(logPath, /# /, { fromOffset: asked.endOffset, timeoutMs });
}
