/** A number that the project promises a bound for. */
export type Verdict = {
  readonly what: string;
  readonly value: number;
  readonly sign: '≥' | '≤' | '<';
  readonly bar: number;
};

/** Prints which bounds are met; the exit code tells when one is not. */
export function printVerdicts(verdicts: readonly Verdict[]): void {
  for (const { what, value, sign, bar } of verdicts) {
    const good = sign === '≥' ? value >= bar : sign === '≤' ? value <= bar : value < bar;
    const text = `${what}: ${value.toFixed(2)} (wanted ${sign} ${bar.toFixed(2)})`;
    console.log(`${good ? 'met   ' : 'MISSED'}  ${text}`);
    if (!good) process.exitCode = 1;
  }
}
