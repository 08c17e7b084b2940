import type { BootEntry } from './entry.ts';

/**
 * Compares versions as boot loaders do: runs of digits by value, runs of letters by alphabet,
 * digits above letters, `~` below everything. Negative when `a` is older.
 */
export function compareVersions(a: string, b: string): number {
  const left = runs(a);
  const right = runs(b);
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const order = compareRuns(left[at], right[at]);
    if (order !== 0) return order;
  }
  return 0;
}

function runs(version: string): string[] {
  return version.match(/\d+|[A-Za-z]+|~/g) ?? [];
}

function compareRuns(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === '~' || b === '~') return a === '~' ? -1 : 1;
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  const digits = [/^\d/.test(a), /^\d/.test(b)];
  if (digits[0] !== digits[1]) return digits[0] ? 1 : -1;
  return digits[0] ? compareNumbers(a, b) : compareTexts(a, b);
}

function compareNumbers(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return left.length - right.length || compareTexts(left, right);
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Boot entries in the order of the machine's menu: highest version first, then file name. */
export function inMenuOrder(entries: readonly BootEntry[]): BootEntry[] {
  return entries.toSorted(
    (a, b) =>
      Number(isRescue(a)) - Number(isRescue(b)) ||
      compareVersions(b.version, a.version) ||
      compareVersions(b.id, a.id),
  );
}

function isRescue(entry: BootEntry): boolean {
  return /^0-rescue|-0-rescue/.test(entry.version) || /-0-rescue/.test(entry.id);
}
