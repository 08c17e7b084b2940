import { execa } from 'execa';
import { Answers } from '../../../image-tools/guestfish/answers.ts';

export type Machine = AsyncDisposable & {
  /** All the serial port said before `mark` came. Throws when it does not come in time. */
  waitFor(mark: string, timeoutMs: number): Promise<string>;
  /** Types a line. */
  type(line: string): void;
};

export type MachineOptions = {
  readonly kernel: string;
  readonly ramdisk: string;
  readonly line: string;
  readonly disk: string;
};

/** Boots kernel, ramdisk and disk in QEMU, by emulation, with the serial port as console. */
export function bootMachine({ kernel, ramdisk, line, disk }: MachineOptions): Machine {
  const args = [
    '-machine',
    'pc,accel=tcg',
    '-cpu',
    'qemu64',
    '-m',
    '1024',
    '-nographic',
    '-no-reboot',
  ];
  args.push('-kernel', kernel, '-initrd', ramdisk, '-append', line);
  args.push('-drive', `file=${disk},format=raw,if=virtio,cache=unsafe`, '-nic', 'none');
  const child = execa('qemu-system-x86_64', args, { reject: false, buffer: false });
  const said = new Answers({ whole: false });
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
    said.push(chunk);
  });
  void child.then(() => said.end());
  return {
    type: (text) => void child.stdin.write(`${text}\n`),
    waitFor: (mark, timeoutMs) => waitFor(said, mark, timeoutMs, () => log),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await child;
    },
  };
}

async function waitFor(said: Answers, mark: string, timeoutMs: number, log: () => string) {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((done) => {
    timer = setTimeout(() => done(undefined), timeoutMs);
  });
  const answer = await Promise.race([said.until(mark), late]).finally(() => clearTimeout(timer));
  if (answer !== undefined) return answer;
  throw new Error(`"${mark}" did not come; the console ended with:\n${log().slice(-2000)}`);
}
