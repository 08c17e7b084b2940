import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** Where the repositories of OpenStack's clients lie; the name of one is added to it. */
const BASE = process.env['CLIENTS_REPOSITORIES'] ?? 'https://opendev.org/openstack';

/** Release 2025.1, which the Python of Debian 12 still runs. */
const LIBRARIES = [
  { name: 'openstacksdk', tag: '4.4.0', module: 'openstack' },
  { name: 'python-ironicclient', tag: '5.10.3', module: 'ironicclient' },
  { name: 'metalsmith', tag: '2.5.0', module: 'metalsmith' },
] as const;
const COLLECTION = { name: 'ansible-collections-openstack', tag: '2.5.0' } as const;
const CLONE_WITHIN_MS = 180_000;

/** Newer clients than the distribution has. */
export type NewerClients = {
  /** Variables that put the Python libraries before the distribution's. */
  readonly env: Readonly<Record<string, string>>;
};

/**
 * Gets them by git into `folder`, and installs nothing.
 * @throws Error with what to do where a repository cannot be reached
 */
export async function newerClients(folder: string): Promise<NewerClients> {
  const libraries = join(folder, 'python');
  const collections = join(folder, 'ansible_collections', 'openstack');
  for (const path of [libraries, collections]) await mkdir(path, { recursive: true });
  for (const { name, tag, module } of LIBRARIES) {
    const source = join(folder, name);
    await clone({ name, tag }, source);
    const program = join(import.meta.dirname, 'library.py');
    await execa('/usr/bin/python3', [program, source, module, libraries, name, tag]);
  }
  await clone(COLLECTION, join(collections, 'cloud'));
  return { env: { PYTHONPATH: libraries, ANSIBLE_COLLECTIONS_PATH: folder } };
}

type Repository = { readonly name: string; readonly tag: string };

async function clone({ name, tag }: Repository, to: string): Promise<void> {
  const from = `${BASE}/${name}`;
  const args = [
    '-c',
    'advice.detachedHead=false',
    'clone',
    '--quiet',
    '--depth',
    '1',
    '--branch',
    tag,
    from,
    to,
  ];
  await execa('git', args, { timeout: CLONE_WITHIN_MS }).catch((error: unknown) => {
    const advice =
      'Set CLIENTS_REPOSITORIES to where the repositories of OpenStack can be reached.';
    throw new Error(`${from} (tag ${tag}) could not be got. ${advice}`, { cause: error });
  });
}
