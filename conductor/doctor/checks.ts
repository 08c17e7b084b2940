import type { Check, CheckResult, DoctorContext } from './check.ts';
import { BOOT_FILE_CHECK, reason, SPACE_CHECK } from './files.ts';
import { BMC_CHECK, CLOCK_CHECK } from './machines.ts';
import { ADDRESS_CHECK, LISTEN_CHECK, MTU_CHECK, RIGHTS_CHECK } from './network.ts';
import { LOADER_CHECK, PROGRAM_CHECK } from './programs.ts';
import { FETCH_CHECK, FOREIGN_CHECK } from './wire.ts';
import { WRITER_CHECK } from './writer.ts';

/** Every check, in the order of the report. */
export const CHECKS: readonly Check[] = [
  PROGRAM_CHECK,
  LOADER_CHECK,
  WRITER_CHECK,
  BOOT_FILE_CHECK,
  SPACE_CHECK,
  CLOCK_CHECK,
  ADDRESS_CHECK,
  RIGHTS_CHECK,
  LISTEN_CHECK,
  MTU_CHECK,
  FOREIGN_CHECK,
  FETCH_CHECK,
  BMC_CHECK,
];

/** Runs all checks at a time. One that breaks is a failure of its own, and hides no other. */
export async function examine(
  context: DoctorContext,
  checks: readonly Check[] = CHECKS,
): Promise<readonly CheckResult[]> {
  const results = await Promise.all(checks.map((check) => examineOne(check, context)));
  return results.flat();
}

async function examineOne(check: Check, context: DoctorContext): Promise<readonly CheckResult[]> {
  try {
    const findings = await check.run(context);
    return findings.map((finding) => ({ check: check.name, ...finding }));
  } catch (error) {
    context.signal.throwIfAborted();
    const text = `could not be checked: ${reason(error)}`;
    return [{ check: check.name, verdict: 'fail', text, next: 'Report this as a fault.' }];
  }
}
