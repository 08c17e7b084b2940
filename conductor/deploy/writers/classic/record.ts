import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChapCredentials } from '../../../iscsi/login/chap.ts';

/** Where distributions keep open-iscsi's database: Debian up to 12; later ones and Fedora. */
export const DATABASES = ['/etc/iscsi', '/var/lib/iscsi'] as const;

/** The settings of our sessions, over what iscsid.conf says. */
export function sessionSettings(
  reconnectForMs: number,
  chap: ChapCredentials | undefined,
): Readonly<Record<string, string>> {
  return {
    'node.startup': 'manual',
    'node.conn[0].startup': 'manual',
    // We try again ourselves.
    'node.session.initial_login_retry_max': '1',
    'node.session.timeo.replacement_timeout': String(Math.max(1, Math.ceil(reconnectForMs / 1000))),
    'node.session.auth.authmethod': chap === undefined ? 'None' : 'CHAP',
    ...(chap && {
      'node.session.auth.username': chap.username,
      'node.session.auth.password': chap.password,
    }),
    ...(chap?.mutual && {
      'node.session.auth.username_in': chap.mutual.username,
      'node.session.auth.password_in': chap.mutual.password,
    }),
  };
}

/** A node record (`name = value` lines) with some settings changed or added. */
export function editRecord(text: string, settings: Readonly<Record<string, string>>): string {
  const kept = text.split('\n').filter((line) => !(nameOf(line) in settings));
  const end = kept.indexOf('# END RECORD');
  if (end === -1) throw new Error('A record of open-iscsi has no end.');
  const added = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return kept.toSpliced(end, 0, ...added).join('\n');
}

function nameOf(line: string): string {
  return line.split('=', 1)[0]?.trim() ?? '';
}

export type RecordPlace = {
  readonly iqn: string;
  readonly host: string;
  readonly listenPort: number;
  readonly portalGroup: number;
  readonly iface: string;
};

/**
 * Changes a node record in open-iscsi's database. `iscsiadm -o update` takes values as arguments,
 * which every user of the host can read; a secret must not go there.
 * @throws Error when no database has the record
 */
export async function updateRecord(
  place: RecordPlace,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const { iqn, host, listenPort, portalGroup, iface } = place;
  const name = join('nodes', iqn, `${host},${listenPort},${portalGroup}`, iface);
  for (const database of DATABASES) {
    const path = join(database, name);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return replace(path, editRecord(text, settings));
  }
  throw new Error(`open-iscsi has no record "${name}" in ${DATABASES.join(' or ')}.`);
}

/** Whole or not at all, and readable by root alone. */
async function replace(path: string, text: string): Promise<void> {
  const partial = join(path, '..', `..${process.pid}.partial`);
  {
    await using file = await open(partial, 'w', 0o600);
    await file.writeFile(text);
  }
  await rename(partial, path);
}
