import { IronpxeError } from '../errors/error.ts';

const DEFAULT = '%default%';
/** A word: outside double quotes, it ends at a space. */
const WORD = /(?:[^ "]|"[^"]*"?)+/g;
/**
 * Ironic's rule (since CVE-2026-46447): plain keys, printable values, double quotes only in pairs,
 * spaces only between quotes.
 */
const PARAMETER = /^[A-Za-z0-9_.-]+(?:=(?:[\x21\x23-\x7e]|"[\x20\x21\x23-\x7e]*")*)?$/;
const PRINTABLE = /^[\x20-\x7e]*$/;

/**
 * Kernel parameters that may stand on a boot loader's line; `%default%` may stand between them, and
 * arguments of init behind ` -- `.
 * @throws IronpxeError DEPLOY_PARAMETER_INVALID
 */
export function checkKernelParameters(subject: string, value: unknown): string {
  if (typeof value !== 'string') throw invalid(subject, value, 'text');
  if (!PRINTABLE.test(value)) throw invalid(subject, value, 'printable characters on one line');
  const words: readonly string[] = value.match(WORD) ?? [];
  const end = words.indexOf('--');
  const parameters = end === -1 ? words : words.slice(0, end);
  const wrong = parameters.find((word) => word !== DEFAULT && !PARAMETER.test(word));
  if (wrong === undefined) return value;
  throw invalid(subject, wrong, 'key or key=value, with quotes in pairs');
}

/** What may stand behind `root=`. @throws IronpxeError DEPLOY_PARAMETER_INVALID */
export function checkRootDevice(subject: string, value: string): string {
  if (/^[\x21\x23-\x7e]+$/.test(value)) return value;
  throw invalid(subject, value, 'printable characters without spaces and quotes');
}

function invalid(subject: string, found: unknown, expected: string): IronpxeError {
  return new IronpxeError(
    'DEPLOY_PARAMETER_INVALID',
    `${subject}: found ${JSON.stringify(found)}, expected ${expected}.`,
  );
}
