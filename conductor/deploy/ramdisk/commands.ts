import { IronpxeError } from '../../errors/error.ts';
import { type Command, converse, type RamdiskSession } from './dialogue.ts';
import { parseInventory } from './inventory.ts';
import { namesOf } from './secrets.ts';
import {
  type ByteRange,
  type DiskOptions,
  ERASE_WAYS,
  type EraseProgress,
  type ExportedTarget,
  type RamdiskCommands,
  type ZeroWay,
} from './types.ts';

const DIGEST = /^(\d+) ([0-9a-f]{64})$/;
const ZEROED = /^(\d+) (unmap|zero_range|written)$/;
const WIPED = /^(\S+) (\d+) (\d+)$/;
const ERASED = /^(\w+) (\d+) (\d+)$/;
const FETCHED = /^(\d+)$/;
const EXPORTED = /^(\d+) (\d+) (\d+)$/;

/** So many ranges fit into one command, whose arguments are less than 1000000 bytes. */
const RANGES_PER_COMMAND = 20_000;

/** The commands of one ramdisk. Nothing is sent before one is called. */
export function ramdiskCommands(session: RamdiskSession): RamdiskCommands {
  const say = (command: Command, signal: AbortSignal) => converse(session, command, signal);
  const hear = (name: string, args: readonly string[], signal: AbortSignal) =>
    Array.fromAsync(say({ name, args }, signal));

  async function* inRanges(name: string, ranges: readonly ByteRange[], options: DiskOptions) {
    for (let first = 0; first < ranges.length; first += RANGES_PER_COMMAND) {
      const part = ranges.slice(first, first + RANGES_PER_COMMAND);
      const args = [diskName(options), ...part.map(toLine)];
      for await (const line of say({ name, args }, options.signal)) yield { first, line };
    }
  }

  return {
    inventory: async ({ signal, lldpSeconds = 0 }) =>
      parseInventory(await hear('inventory', lldpSeconds > 0 ? [`${lldpSeconds}`] : [], signal)),
    async *hash(ranges, options) {
      for await (const { first, line } of inRanges('hash', ranges, options)) {
        const [, index, sha256 = ''] = fields('hash', DIGEST, line);
        yield { index: first + Number(index), sha256 };
      }
    },
    async *zero(ranges, options) {
      for await (const { first, line } of inRanges('zero', ranges, options)) {
        const [, index, way] = fields('zero', ZEROED, line);
        yield { index: first + Number(index), way: way as ZeroWay };
      }
    },
    async wipe(options) {
      const lines = await hear('wipe', [diskName(options)], options.signal);
      return lines.map((line) => {
        const [, device = '', offset, length] = fields('wipe', WIPED, line);
        return { device, offsetBytes: Number(offset), lengthBytes: Number(length) };
      });
    },
    async *erase(way, options) {
      const args = [diskName(options), way];
      for await (const line of say({ name: 'erase', args }, options.signal)) yield toErased(line);
    },
    fileSystems: ({ signal }) => hear('file_systems', [], signal),
    installBootloader(place, options) {
      const { bootMode, rootNumber, rootUuid, espNumber = '-' } = place;
      const args = [diskName(options), bootMode, `${rootNumber}`, rootUuid, `${espNumber}`];
      return say({ name: 'install_bootloader', args }, options.signal);
    },
    async exportDisk({ signal }) {
      const { iqn, initiatorIqn } = namesOf(session.key);
      return toTarget(iqn, await hear('export', [iqn, initiatorIqn], signal));
    },
    feed: async (word, options) =>
      void (await hear('feed', [diskName(options), word], options.signal)),
    async *fetch({ address, word }, ranges, options) {
      const args = [diskName(options), address, word, ...ranges.map(toLine)];
      for await (const line of say({ name: 'fetch', args }, options.signal))
        yield Number(fields('fetch', FETCHED, line)[1]);
    },
    withdrawDisk: async ({ signal }) => void (await hear('withdraw', [], signal)),
    leave: async (how, { signal }) => void (await hear('leave', [how], signal)),
  };
}

function diskName({ disk }: DiskOptions): string {
  return disk ?? '-';
}

function toLine({ offsetBytes, lengthBytes }: ByteRange): string {
  return `${offsetBytes} ${lengthBytes}`;
}

function fields(command: string, pattern: RegExp, line: string | undefined): RegExpExecArray {
  const found = pattern.exec(line ?? '');
  if (found) return found;
  const message = `${command}: the ramdisk says ${JSON.stringify(line)}, which cannot be read.`;
  throw new IronpxeError('RAMDISK_COMMAND_FAILED', message);
}

function toErased(line: string): EraseProgress {
  const [, way = '', done, total] = fields('erase', ERASED, line);
  const known = ERASE_WAYS.find((one) => one === way);
  if (known === undefined || known === 'auto') throw new Error(`"${way}" is no way to erase`);
  return { way: known, doneBytes: Number(done), totalBytes: Number(total) };
}

function toTarget(iqn: string, lines: readonly string[]): ExportedTarget {
  const [, listenPort, lun, sizeBytes] = fields('export', EXPORTED, lines[0]);
  const named = (name: string) =>
    lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? '';
  const [serial, wwn] = [named('serial'), named('wwn')];
  return {
    iqn,
    listenPort: Number(listenPort),
    lun: Number(lun),
    sizeBytes: Number(sizeBytes),
    ...(serial && { serial }),
    ...(wwn && { wwn }),
  };
}
