import { followLog, readable, type FollowOptions } from './serial.ts';

/** Something that a machine said on its serial port and that people want to know. */
export type Milestone = { readonly text: string; readonly login: boolean };

type Rule = readonly [RegExp, (found: RegExpExecArray) => string];

const RULES: readonly Rule[] = [
  [/^SeaBIOS \(version (\S+)\)/, () => 'firmware: SeaBIOS'],
  [/iPXE initialising devices/, () => 'firmware: iPXE boot ROM'],
  [/^PXELINUX (\S+)/, ([, version]) => `PXELINUX ${version}`],
  [/Linux version (\S+)/, ([, version]) => `Linux ${version} starts`],
  [/^ironpxe-ramdisk: (?!stage=)(.+)/, ([, said]) => `ramdisk: ${said}`],
  [/Welcome to .*?([A-Z][\w/. ()-]+)!/, ([, name]) => `${name} starts`],
  [/Kernel panic - (.*)/, ([, why]) => `kernel panic: ${why}`],
];
const LOGIN = /\blogin: ?$/;

/** What a line of serial output (without line end) tells; `undefined` for most of them. */
export function milestoneOf(line: string): Milestone | undefined {
  const text = readable(line).trimEnd();
  if (LOGIN.test(text)) return { text: 'login prompt', login: true };
  for (const [form, say] of RULES) {
    const found = form.exec(text);
    if (found) return { text: say(found).slice(0, 120), login: false };
  }
  return undefined;
}

/** The milestones of a machine as they come, until `signal` ends it. */
export async function* milestones(
  serialLogPath: string,
  options: FollowOptions,
): AsyncGenerator<Milestone, never> {
  let rest = '';
  for await (const { text } of followLog(serialLogPath, options)) {
    const lines = (rest + text).split(/\r\n|\n|\r/);
    const last = lines.pop() ?? '';
    for (const line of lines) {
      const found = milestoneOf(line);
      if (found) yield found;
    }
    // The prompt of a login is the one thing that no line end follows.
    const prompt = milestoneOf(last);
    if (prompt?.login) yield prompt;
    rest = prompt?.login ? '' : last.slice(-4096);
  }
  throw new Error('A log is followed until it is told to stop.');
}
