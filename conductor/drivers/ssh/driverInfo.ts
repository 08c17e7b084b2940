import { accessSync, constants } from 'node:fs';
import { isAbsolute } from 'node:path';
import { IronpxeError } from '../../errors/error.ts';

/** How the SSH user proves who it is. */
export type SshCredential =
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'keyContents'; readonly keyContents: string }
  | { readonly kind: 'keyFile'; readonly path: string };

/** The `driver_info` of pxe_ssh, checked. */
export type SshInfo = {
  readonly address: string;
  readonly username: string;
  readonly listenPort: number;
  readonly credential: SshCredential;
  readonly libvirtUri: string;
};

/** `driver_info` key → one sentence on what goes in it. */
export const SSH_PROPERTIES = {
  ssh_address: 'IP address or host name of the virtual machine host. Required.',
  ssh_username: 'User to log in as. Required.',
  ssh_port: 'TCP port of sshd on that host; 22 by default.',
  ssh_password: 'Password of the user. Exactly one of the three credentials is required.',
  ssh_key_contents: 'Private key of the user as text, without a pass phrase.',
  ssh_key_filename: 'Absolute path of a private key file on the conductor, without a pass phrase.',
  ssh_virt_type: 'Virtualization software of the host; only "virsh" is supported. Required.',
  ssh_libvirt_uri: 'libvirt connection URI as seen on that host; qemu:///system by default.',
} as const;

const CREDENTIALS = ['ssh_password', 'ssh_key_contents', 'ssh_key_filename'] as const;
const RETIRED_VIRT_TYPES = ['vbox', 'vmware', 'parallels', 'xenserver'];
// A leading dash would be read as an option by ssh.
const ADDRESS = /^[\w:][\w.:%-]*$/;
const USERNAME = /^\w[\w.@\\-]*\$?$/;

type Source = Readonly<Record<string, unknown>>;

/**
 * Checks the `driver_info` of pxe_ssh; all faults are reported together.
 * @throws IronpxeError DRIVER_INFO_INVALID
 */
export function parseSshInfo(info: Source, defaultLibvirtUri: string): SshInfo {
  const faults: string[] = [];
  const address = text(info, 'ssh_address', ADDRESS, faults);
  const username = text(info, 'ssh_username', USERNAME, faults);
  const listenPort = portNumber(info['ssh_port'], faults);
  checkVirtType(info['ssh_virt_type'], faults);
  const credential = readCredential(info, faults);
  const libvirtUri = readUri(info['ssh_libvirt_uri'], defaultLibvirtUri, faults);
  if (faults.length === 0 && credential)
    return { address, username, listenPort, credential, libvirtUri };
  throw new IronpxeError('DRIVER_INFO_INVALID', `driver_info of pxe_ssh: ${faults.join('; ')}.`);
}

function text(info: Source, key: string, form: RegExp, faults: string[]): string {
  const value = info[key];
  if (value === undefined || value === null || value === '') faults.push(`"${key}" is missing`);
  else if (typeof value !== 'string' || !form.test(value))
    faults.push(`"${key}" is ${JSON.stringify(value)}, which cannot be used`);
  else return value;
  return '';
}

function portNumber(value: unknown, faults: string[]): number {
  if (value === undefined || value === null || value === '') return 22;
  const digits = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  const number = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (number < 1 || number > 65_535)
    faults.push(`"ssh_port" is ${JSON.stringify(value)}, expected a number from 1 to 65535`);
  return number;
}

function checkVirtType(value: unknown, faults: string[]): void {
  if (value === 'virsh') return;
  if (value === undefined || value === null || value === '') {
    faults.push('"ssh_virt_type" is missing, expected "virsh"');
    return;
  }
  const known = typeof value === 'string' && RETIRED_VIRT_TYPES.includes(value);
  const why = known ? 'which Ironic had but ironpxe does not support' : 'which is unknown';
  faults.push(`"ssh_virt_type" is ${JSON.stringify(value)}, ${why}; expected "virsh"`);
}

function readCredential(info: Source, faults: string[]): SshCredential | undefined {
  const given = CREDENTIALS.filter((key) => info[key] !== undefined && info[key] !== null);
  const [key] = given;
  if (key === undefined || given.length > 1) {
    const found = given.length === 0 ? 'none is given' : `given are ${given.join(' and ')}`;
    faults.push(`exactly one of ${CREDENTIALS.join(', ')} is expected, ${found}`);
    return undefined;
  }
  const value = info[key];
  if (typeof value !== 'string' || value === '') {
    faults.push(`"${key}" is not a text`);
    return undefined;
  }
  if (key === 'ssh_password') return { kind: 'password', password: value };
  if (key === 'ssh_key_filename') return keyFile(value, faults);
  if (!value.includes('PRIVATE KEY-----')) faults.push('"ssh_key_contents" is not a private key');
  return { kind: 'keyContents', keyContents: value };
}

function keyFile(path: string, faults: string[]): SshCredential {
  if (!isAbsolute(path)) faults.push(`"ssh_key_filename" is "${path}", expected an absolute path`);
  else if (!isReadable(path)) faults.push(`"ssh_key_filename": cannot read "${path}"`);
  return { kind: 'keyFile', path };
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function readUri(value: unknown, fallback: string, faults: string[]): string {
  if (value === undefined || value === null || value === '') return fallback;
  if (typeof value === 'string' && /^[a-z][\w+.-]*:\/\/\S*$/.test(value)) return value;
  faults.push(`"ssh_libvirt_uri" is ${JSON.stringify(value)}, expected such as "qemu:///system"`);
  return fallback;
}
