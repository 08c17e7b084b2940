import { IronpxeError } from '../../errors/error.ts';
import type { ErrorCode } from '../../errors/table.ts';

/** What the remote script says when it found no virsh. */
export const NO_VIRSH = 'ironpxe: virsh not found';

// The texts of OpenSSH's client, sshconnect.c and packet.c; first match wins.
const SSH_FAULTS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/,
    'DRIVER_SSH_HOST_KEY',
    'the host key is not the one seen before',
  ],
  [/Load key .*: .*|invalid format/, 'DRIVER_SSH_AUTH', 'the private key cannot be read'],
  [
    /Permission denied|Too many authentication failures/,
    'DRIVER_SSH_AUTH',
    'the login was refused',
  ],
  [/Connection refused/, 'DRIVER_SSH_UNREACHABLE', 'the connection was refused'],
  [/Could not resolve hostname/, 'DRIVER_SSH_UNREACHABLE', 'the host name is unknown'],
  [/timed out|Timeout, server/, 'DRIVER_SSH_UNREACHABLE', 'no answer in time'],
  [
    /No route to host|Network is unreachable/,
    'DRIVER_SSH_UNREACHABLE',
    'there is no route to the host',
  ],
];

/** How an `ssh` process ended. */
export type SshEnd = { readonly exitCode: number; readonly stderr: string };

/**
 * Turns a failed `ssh` process into an error of the table. ssh itself fails with 255; every other
 * code is that of the remote command.
 * @param where `user@address port N`
 * @param what the virsh command in words
 */
export function sshFault(where: string, what: string, end: SshEnd): IronpxeError {
  const said = lastLines(end.stderr);
  if (end.exitCode === 255) {
    const [, code, why] = SSH_FAULTS.find(([form]) => form.test(end.stderr)) ?? [];
    const reason = why ?? 'the connection broke off';
    return new IronpxeError(
      code ?? 'DRIVER_SSH_UNREACHABLE',
      `SSH to ${where}: ${reason} (${said}).`,
    );
  }
  if (end.stderr.includes(NO_VIRSH) || end.exitCode === 127)
    return new IronpxeError(
      'DRIVER_VIRSH_MISSING',
      `SSH to ${where}: no virsh found there (${said}).`,
    );
  return new IronpxeError(
    'DRIVER_LIBVIRT',
    `${what} on ${where} failed with exit code ${end.exitCode}: ${said}.`,
  );
}

function lastLines(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim().replace(/^error: /, ''))
    .filter((line) => line !== '' && !/^@+$/.test(line));
  return lines.slice(-3).join(' | ').replace(/\.$/, '').slice(0, 600) || 'no output';
}
