import { IronpxeError } from '../../errors/error.ts';

const DELAY = /^(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?$/;

/**
 * How long a fake part takes, in milliseconds: `"a"` seconds, or `"a,b"` for a random time between
 * the two that is more often near `a` (a triangular distribution, as Ironic draws it).
 * @throws IronpxeError DRIVER_INFO_INVALID
 */
export function delayMs(text: unknown, name: string, random: () => number): number {
  const [, first = '', last = first] = DELAY.exec(String(text)) ?? [];
  const [a, b] = [Number(first), Number(last)];
  if (first === '' || b < a)
    throw new IronpxeError(
      'DRIVER_INFO_INVALID',
      `${name}: found ${JSON.stringify(text)}, expected seconds such as 2, or a range such as 1,5.`,
    );
  return 1000 * (a + (b - a) * (1 - Math.sqrt(1 - random())));
}
