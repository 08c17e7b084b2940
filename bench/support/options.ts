import { parseArgs } from 'node:util';

/**
 * Reads `--name 5` options that are whole numbers of at least 1.
 * @throws Error for an unknown option or another value
 */
export function parseNumberOptions<Name extends string>(
  defaults: Readonly<Record<Name, number>>,
): Record<Name, number> {
  const names = Object.keys(defaults) as Name[];
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ options });
  const result: Record<Name, number> = { ...defaults };
  for (const name of names) result[name] = parseCount(name, values[name], defaults[name]);
  return result;
}

function parseCount(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Error(`--${name} ${text}: expected a whole number of at least 1`);
}
