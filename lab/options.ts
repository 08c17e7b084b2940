import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { GIB } from '../conductor/values/units.ts';
import { LabFault } from './fault.ts';
import { checkLabName } from './state.ts';

export const HELP = `npm run lab [-- COMMAND] [OPTIONS]

Deploys virtual bare-metal machines before your eyes, in a network namespace of its own. Nothing of
the host's network changes.

Commands
  up             builds what is missing, then deploys (default)
  down           stops everything and leaves nothing behind but the cache of images
  status         what stands
  console NODE   the serial console of a machine, such as node-1; leave it with Ctrl-]

Options of up
  --nodes N      how many machines, 1 to 20 (default 1)
  --image FILE   your image, raw or qcow2, in place of the Debian that the lab builds. A whole-disk
                 image; with --kernel and --ramdisk the file system of a root partition.
  --kernel FILE, --ramdisk FILE, --root-gb N
  --atomic       the whole way of an Atomic host: builds an Atomic-style image (minutes at first, then
                 cached), converts it by atomic-to-pxe, and deploys the result
  --cloud        a Debian with cloud-init, which learns its name from a config drive (boots slower)
  --pxelinux     boot by pxelinux and TFTP in place of iPXE and HTTP (takes seconds longer)
  --memory MIB   of each machine (default 768)
  --disk GIB     of each machine (default 8)

Options of all
  --name NAME    several labs can stand side by side under different names (default "default")
`;

export const COMMANDS = ['up', 'down', 'status', 'console', 'help'] as const;
export type Command = (typeof COMMANDS)[number];

/** What the command line asked for; paths are absolute. */
export type LabOptions = {
  readonly command: Command;
  readonly name: string;
  /** Where this lab keeps all that it makes. */
  readonly stateDir: string;
  /** Where images, ramdisk and answers are kept between labs. */
  readonly cacheDir: string;
  /** `console`: which machine. */
  readonly node: string | undefined;
  readonly nodes: number;
  readonly image: string | undefined;
  readonly kernel: string | undefined;
  readonly ramdisk: string | undefined;
  readonly rootGib: number;
  readonly atomic: boolean;
  readonly cloud: boolean;
  readonly pxelinux: boolean;
  readonly memoryMib: number;
  readonly diskBytes: number;
};

const CACHE = join(import.meta.dirname, '..', '.cache');

/**
 * Reads the command line of the lab.
 * @throws LabFault
 */
export function readOptions(args: readonly string[]): LabOptions {
  const { values, positionals } = parse(args);
  const [command = 'up', node, ...more] = positionals;
  const tooMany = more.length > 0 || (node !== undefined && command !== 'console');
  if (!isCommand(command) || tooMany)
    throw usage(`There is no command "${positionals.join(' ')}".`);
  if (command === 'console' && node === undefined) throw usage('console needs the name of a node.');
  const { name, image, kernel, ramdisk } = values;
  checkLabName(name);
  if ((kernel === undefined) !== (ramdisk === undefined))
    throw usage('--kernel and --ramdisk belong together.');
  if (kernel !== undefined && image === undefined) throw usage('--kernel needs an --image.');
  if (values.atomic && image !== undefined)
    throw usage('--atomic brings its own image; it does not go with --image.');
  if (values.cloud && (values.atomic || image !== undefined))
    throw usage('--cloud brings its own image; it goes with neither --image nor --atomic.');
  return {
    command: values.help ? 'help' : command,
    name,
    stateDir: join(CACHE, 'lab', name),
    cacheDir: CACHE,
    node,
    nodes: wholeNumber('--nodes', values.nodes, 1, 20),
    image: filePath('--image', image),
    kernel: filePath('--kernel', kernel),
    ramdisk: filePath('--ramdisk', ramdisk),
    rootGib: wholeNumber('--root-gb', values['root-gb'], 1, 1000),
    atomic: values.atomic,
    cloud: values.cloud,
    pxelinux: values.pxelinux,
    memoryMib: wholeNumber('--memory', values.memory, 256, 65_536),
    diskBytes: wholeNumber('--disk', values.disk, 1, 1000) * GIB,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        name: { type: 'string', default: 'default' },
        nodes: { type: 'string', default: '1' },
        image: { type: 'string' },
        kernel: { type: 'string' },
        ramdisk: { type: 'string' },
        'root-gb': { type: 'string', default: '4' },
        atomic: { type: 'boolean', default: false },
        cloud: { type: 'boolean', default: false },
        pxelinux: { type: 'boolean', default: false },
        memory: { type: 'string', default: '768' },
        disk: { type: 'string', default: '8' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function isCommand(text: string): text is Command {
  return COMMANDS.some((command) => command === text);
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw usage(`${option} is "${text}", expected a whole number from ${least} to ${most}.`);
}

function filePath(option: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const absolute = resolve(path);
  if (existsSync(absolute)) return absolute;
  throw usage(`${option}: there is no file ${absolute}.`);
}

function usage(message: string): LabFault {
  return new LabFault(message, 'npm run lab -- help tells what there is.');
}
