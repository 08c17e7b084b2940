import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const top = fileURLToPath(new URL('..', import.meta.url));

/** Room → the rooms it may import from; every room may import from itself. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  'conductor/values': [],
  'conductor/errors': [],
  'conductor/process': ['conductor/errors'],
  'conductor/events': [],
  'conductor/states': [],
  'conductor/config': ['conductor/values', 'conductor/errors', 'conductor/events'],
  'conductor/netboot': [
    'conductor/values',
    'conductor/errors',
    'conductor/events',
    'conductor/process',
  ],
  'conductor/iscsi': [
    'conductor/values',
    'conductor/errors',
    'conductor/events',
    'conductor/deploy/plan',
  ],
  'conductor/openstack': [
    'conductor/values',
    'conductor/errors',
    'conductor/config',
    'image-tools/glance',
  ],
  'conductor/images': [
    'conductor/values',
    'conductor/errors',
    'conductor/process',
    'conductor/openstack',
  ],
  'conductor/drivers': ['conductor/values', 'conductor/errors', 'conductor/process'],
  'conductor/store': [
    'conductor/values',
    'conductor/errors',
    'conductor/events',
    'conductor/states',
    'conductor/drivers',
    'conductor/netboot',
  ],
  'conductor/networking': [
    'conductor/values',
    'conductor/errors',
    'conductor/store',
    'conductor/netboot',
    'conductor/openstack',
  ],
  'conductor/deploy/plan': [
    'conductor/values',
    'conductor/errors',
    'conductor/images',
    'conductor/process',
  ],
  'conductor/deploy/writers': [
    'conductor/values',
    'conductor/errors',
    'conductor/process',
    'conductor/iscsi',
    'conductor/deploy/plan',
  ],
  'conductor/deploy': [
    'conductor/networking',
    'conductor/values',
    'conductor/errors',
    'conductor/events',
    'conductor/states',
    'conductor/config',
    'conductor/store',
    'conductor/drivers',
    'conductor/images',
    'conductor/openstack',
    'conductor/iscsi',
    'conductor/process',
    'conductor/deploy/plan',
    'conductor/deploy/writers',
  ],
  'conductor/auth': [
    'conductor/values',
    'conductor/errors',
    'conductor/store',
    'conductor/openstack',
  ],
  'conductor/timeline': [],
  'conductor/why': ['conductor/timeline'],
  'conductor/record': ['conductor/values', 'conductor/netboot'],
  'conductor/doctor': [
    'conductor/values',
    'conductor/errors',
    'conductor/config',
    'conductor/netboot',
    'conductor/process',
    'conductor/why',
  ],
  'conductor/webhooks': ['conductor/events', 'conductor/config', 'conductor/store'],
  'conductor/api': [
    'conductor/timeline',
    'conductor/why',
    'conductor/record',
    'conductor/networking',
    'conductor/auth',
    'conductor/values',
    'conductor/errors',
    'conductor/events',
    'conductor/states',
    'conductor/store',
    'conductor/drivers',
    'conductor/deploy',
  ],
  'conductor/run': [
    'conductor/webhooks',
    'conductor/networking',
    'conductor/auth',
    'conductor/values',
    'conductor/errors',
    'conductor/config',
    'conductor/store',
    'conductor/drivers',
    'conductor/netboot',
    'conductor/openstack',
    'conductor/deploy',
    'conductor/api',
    'conductor/record',
  ],
  'conductor/cli': [
    'conductor/timeline',
    'conductor/why',
    'conductor/record',
    'conductor/doctor',
    'conductor/values',
    'conductor/errors',
    'conductor/config',
    'conductor/netboot',
    'conductor/run',
    'conductor/openstack',
    'image-tools/glance',
  ],
  'deploy-ramdisk': [],
  'image-tools': ['image-tools/glance'],
  'image-tools/glance': ['image-tools'],
};

/** Rooms that may take from any other: they stand at the end of all arrows. */
const FREE = ['lab', 'test', 'bench', 'scripts'];

/** The longest room name that holds `path`. */
function roomOf(path: string): string {
  const rooms = [...Object.keys(ARROWS), ...FREE].filter((room) => path.startsWith(`${room}/`));
  return rooms.toSorted((a, b) => b.length - a.length)[0] ?? '(none)';
}

function importsOf(path: string): string[] {
  const text = readFileSync(join(top, path), 'utf8');
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map(([, specifier = '']) => relative(top, join(top, dirname(path), specifier)));
}

const files = globSync('{conductor,deploy-ramdisk,image-tools}/**/*.ts', { cwd: top });

test('there are files to look at', (t) => {
  t.true(files.length > 30);
});

test('imports follow the arrows between the rooms', (t) => {
  const wrong = files.flatMap((file) => {
    const room = roomOf(file);
    const allowed = [room, ...(ARROWS[room] ?? [])];
    return importsOf(file)
      .filter((target) => !allowed.includes(roomOf(target)))
      .map((target) => `${file} imports ${target}`);
  });
  t.deepEqual(wrong, []);
});

test('every file stands in a room', (t) => {
  t.deepEqual(
    files.filter((file) => roomOf(file) === '(none)'),
    [],
  );
});
