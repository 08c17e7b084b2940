import test, { type ExecutionContext } from 'ava';
import { missingTools } from './netns.ts';

/** A serial test in network namespaces, which fails and says what is missing where that is so. */
export function needing(
  programs: readonly string[],
  title: string,
  body: (t: ExecutionContext) => Promise<void>,
): void {
  const missing = missingTools(['ip', 'nsenter', ...programs]);
  test.serial(title, async (t) => {
    if (missing.length === 0) await body(t);
    else t.fail(`needs ${missing.join(', ')}; "sh scripts/bootstrap.sh test" as root installs it`);
  });
}
