import { IronpxeError } from '../../errors/error.ts';

/** A `driver_info` being read; all faults are reported together by {@link InfoReader.end}. */
export type InfoReader = {
  /** The value of a key, `undefined` when it is absent, null or empty. */
  readonly given: (key: string) => unknown;
  readonly fault: (key: string, expected: string) => void;
  readonly missing: (key: string) => void;
  readonly text: (key: string, form: RegExp, expected: string) => string | undefined;
  readonly oneOf: <T extends string>(key: string, known: readonly T[], otherwise: T) => T;
  readonly whole: (key: string, least: number, most: number) => number | undefined;
  readonly flag: (key: string, otherwise: boolean) => boolean;
  /** @throws IronpxeError DRIVER_INFO_INVALID when there were faults */
  readonly end: () => void;
};

const TRUE = ['true', 'on', 'yes', '1'];
const FALSE = ['false', 'off', 'no', '0'];
const SECRET = /password|key/;

/** A text, number or boolean as text, for clients send `"623"` as well as `623`; else nothing. */
function plain(value: unknown): string {
  const simple = ['string', 'number', 'boolean'].includes(typeof value);
  return simple ? String(value) : '';
}

/** Begins to read the `driver_info` of a driver. Secrets are not repeated in messages. */
export function readInfo(driver: string, info: Readonly<Record<string, unknown>>): InfoReader {
  const faults: string[] = [];
  const given = (key: string) => (info[key] === null || info[key] === '' ? undefined : info[key]);
  const fault = (key: string, expected: string) => {
    const found = SECRET.test(key) ? 'cannot be used' : `is ${JSON.stringify(info[key])}`;
    faults.push(`"${key}" ${found}, expected ${expected}`);
  };
  return {
    given,
    fault,
    missing: (key) => void faults.push(`"${key}" is missing`),
    text(key, form, expected) {
      const value = given(key);
      if (value === undefined || (typeof value === 'string' && form.test(value))) return value;
      fault(key, expected);
      return undefined;
    },
    oneOf(key, known, otherwise) {
      const value = given(key);
      const found = known.find((one) => one === value);
      if (value !== undefined && found === undefined) fault(key, known.join(', '));
      return found ?? otherwise;
    },
    whole(key, least, most) {
      const value = given(key);
      if (value === undefined) return undefined;
      const number = /^\d{1,9}$/.test(plain(value)) ? Number(value) : -1;
      if (number >= least && number <= most) return number;
      fault(key, `a number from ${least} to ${most}`);
      return undefined;
    },
    flag(key, otherwise) {
      const value = plain(given(key) ?? otherwise).toLowerCase();
      if (TRUE.includes(value)) return true;
      if (!FALSE.includes(value)) fault(key, 'true or false');
      return false;
    },
    end() {
      if (faults.length === 0) return;
      throw new IronpxeError(
        'DRIVER_INFO_INVALID',
        `driver_info of ${driver}: ${faults.join('; ')}.`,
      );
    },
  };
}
