import type { Config } from '../config/schema.ts';

/** What a check says; `skip`: it could not look, and says why. */
export type Verdict = 'ok' | 'warn' | 'fail' | 'skip';

/** One line of the report. */
export type CheckResult = {
  readonly check: string;
  readonly verdict: Verdict;
  readonly text: string;
  /** What to do; absent when there is nothing to do. */
  readonly next?: string;
};

/** What checks look at. */
export type DoctorContext = {
  readonly config: Config;
  /** Whether a conductor answers at the API. */
  readonly conductorRuns: boolean;
  /** Enrolled nodes; `undefined` where no conductor answers. */
  readonly nodes: readonly DoctorNode[] | undefined;
  /** Asks the machine's BMC for its boot device, through the conductor. Rejects with the reason. */
  readonly askBmc: (uuid: string) => Promise<unknown>;
  readonly signal: AbortSignal;
};

/** A node, as far as the doctor looks at it. */
export type DoctorNode = { readonly uuid: string; readonly name: string; readonly driver: string };

/** A row of the table of checks. */
export type Check = {
  readonly name: string;
  /** For the documentation: what it looks at. */
  readonly title: string;
  readonly run: (context: DoctorContext) => Promise<readonly Omit<CheckResult, 'check'>[]>;
};

export function ok(text: string): Omit<CheckResult, 'check'> {
  return { verdict: 'ok', text };
}

export function warn(text: string, next: string): Omit<CheckResult, 'check'> {
  return { verdict: 'warn', text, next };
}

export function fail(text: string, next: string): Omit<CheckResult, 'check'> {
  return { verdict: 'fail', text, next };
}

export function skip(text: string): Omit<CheckResult, 'check'> {
  return { verdict: 'skip', text };
}
