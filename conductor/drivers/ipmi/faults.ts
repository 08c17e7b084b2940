import { IronpxeError } from '../../errors/error.ts';
import type { ErrorCode } from '../../errors/table.ts';

/** Texts with which a BMC says that it has no time now; the command is tried again. */
const BUSY =
  /insufficient resources for session|node busy|out of space|BMC initialization in progress|command response could not be provided|IPMI Request Match NOT FOUND|\btimeout\b/i;

// The texts of ipmitool 1.8.18 and 1.8.19 with -v; first match wins.
const FAULTS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/RAKP 2 HMAC is invalid|Password invalid/i, 'DRIVER_BMC_AUTH', 'the password is wrong'],
  [/unauthorized name|Invalid user ?name/i, 'DRIVER_BMC_AUTH', 'there is no such user'],
  [
    /Insufficient privilege|unauthorized role|privilege level .* (?:failed|exceeds)/i,
    'DRIVER_BMC_AUTH',
    "the user's privilege level does not allow it",
  ],
  [
    /invalid (?:authentication|integrity|confidentiality) algorithm|no matching cipher suite|invalid cipher suite/i,
    'DRIVER_BMC_AUTH',
    'the BMC does not take this cipher suite; set ipmi_cipher_suite',
  ],
  [/Address lookup for .* failed/i, 'DRIVER_BMC_UNREACHABLE', 'the host name is unknown'],
  [BUSY, 'DRIVER_BMC_BUSY', 'the BMC is busy'],
  [
    /Unable to establish (?:IPMI|LAN)|Get Auth Capabilities error|Error issuing Get Channel Auth/i,
    'DRIVER_BMC_UNREACHABLE',
    'no answer',
  ],
];

/**
 * Turns a failed `ipmitool` into an error of the table.
 * @param where address and UDP port of the BMC
 * @param what the command in words
 */
export function ipmiFault(where: string, what: string, output: string): IronpxeError {
  const [, code, why] = FAULTS.find(([form]) => form.test(output)) ?? [];
  const said = lastLines(output);
  if (code === undefined)
    return new IronpxeError('DRIVER_BMC_REFUSED', `BMC ${where}: "${what}" failed: ${said}.`);
  return new IronpxeError(code, `BMC ${where}: "${what}": ${why} (${said}).`);
}

const NOISE = /^Loading IANA|^Running Get|^Discovered|^Invalid completion code received|^Get HPM/;

function lastLines(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim().replace(/^> /, ''))
    .filter((line) => line !== '' && !NOISE.test(line));
  return lines.slice(-3).join(' | ').replace(/\.$/, '').slice(0, 400) || 'no output';
}
