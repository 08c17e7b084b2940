import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';
import { IronpxeError } from '../../errors/error.ts';
import type { Invocation, OptionRow } from '../command.ts';
import type { JsonObject } from '../json.ts';
import { jsonOrText, readText } from './common.ts';
import { joinUserData } from './userData.ts';

/** What a new system shall know of itself, by cloud-init. */
export const CONFIG_DRIVE_OPTIONS = {
  'user-data': {
    value: 'FILE',
    many: true,
    what: 'What cloud-init does, in one or several parts.',
  },
  hostname: { value: 'NAME', what: 'The name that the machine gives itself (cloud-init).' },
  'ssh-key': { value: 'FILE', many: true, what: 'A public key that may log in (cloud-init).' },
  'network-data': { value: 'FILE', what: "The machine's network_data.json (cloud-init)." },
  'config-drive': {
    value: 'FILE|URL',
    what: 'A config drive that is made already: an image, or its URL.',
  },
} as const satisfies Readonly<Record<string, OptionRow>>;

/**
 * The config drive that options ask for, as the API takes it: the text of one, or its parts.
 * @throws IronpxeError CLI_USAGE
 */
export async function readConfigDrive(
  invocation: Invocation,
): Promise<string | JsonObject | undefined> {
  const made = invocation.text('config-drive');
  const parts = await readParts(invocation);
  if (made === undefined) return parts;
  if (parts !== undefined)
    throw new IronpxeError(
      'CLI_USAGE',
      '--config-drive brings all that a machine is told; it does not go with --user-data, --hostname, --ssh-key or --network-data.',
    );
  return made.includes('://') ? made : packDrive(made);
}

async function readParts(invocation: Invocation): Promise<JsonObject | undefined> {
  const userData = joinUserData(
    await Promise.all(
      invocation.list('user-data').map(async (path) => ({
        name: basename(path),
        text: await readText(path, 'user-data'),
      })),
    ),
  );
  const networkPath = invocation.text('network-data');
  const metaData = await readMetaData(invocation);
  const parts = {
    ...(Object.keys(metaData).length > 0 && { meta_data: metaData }),
    ...(userData !== undefined && { user_data: userData }),
    ...(networkPath !== undefined && { network_data: await readNetworkData(networkPath) }),
  };
  return Object.keys(parts).length > 0 ? parts : undefined;
}

async function readMetaData(invocation: Invocation): Promise<JsonObject> {
  const hostname = invocation.text('hostname');
  const keys = await Promise.all(
    invocation
      .list('ssh-key')
      .map(async (path) => publicKey(path, await readText(path, 'ssh-key'))),
  );
  return {
    ...(hostname !== undefined && { hostname }),
    ...(keys.length > 0 && {
      public_keys: Object.fromEntries(keys.map((key, index) => [`key-${index}`, key])),
    }),
  };
}

/** A private key given by mistake must not travel. */
function publicKey(path: string, text: string): string {
  const key = text.trim();
  if (/^(ssh-|ecdsa-|sk-)\S+ \S+( [^\n]*)?$/.test(key)) return key;
  throw new IronpxeError(
    'CLI_USAGE',
    `--ssh-key: ${path} is no public key; expected one line such as that of ~/.ssh/id_ed25519.pub.`,
  );
}

async function readNetworkData(path: string): Promise<JsonObject> {
  const value = jsonOrText(await readText(path, 'network-data'));
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as JsonObject;
  throw new IronpxeError('CLI_USAGE', `--network-data: ${path} is no JSON object.`);
}

async function packDrive(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: Error) => {
    const message = `--config-drive: ${path} cannot be read: ${error.message}.`;
    throw new IronpxeError('CLI_USAGE', message, { cause: error });
  });
  if (!/[^A-Za-z0-9+/=\s]/.test(bytes.toString('latin1'))) return bytes.toString('latin1').trim();
  const isGzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (isGzipped ? bytes : gzipSync(bytes)).toString('base64');
}
