import type { JsonObject } from '../../store/types.ts';
import { GIB } from '../../values/units.ts';
import type { InventoryDisk } from '../ramdisk/types.ts';

type Compare = (found: string, wanted: string) => boolean;

/** Operators on texts, as in root device hints of Ironic; longer words first. */
const TEXT: readonly (readonly [word: string, holds: Compare])[] = [
  ['s==', (found, wanted) => found === wanted],
  ['s!=', (found, wanted) => found !== wanted],
  ['s>=', (found, wanted) => found >= wanted],
  ['s<=', (found, wanted) => found <= wanted],
  ['s>', (found, wanted) => found > wanted],
  ['s<', (found, wanted) => found < wanted],
  ['<all-in>', (found, wanted) => split(wanted, '<all-in>').every((part) => found.includes(part))],
  ['<in>', (found, wanted) => found.includes(wanted)],
  ['<or>', (found, wanted) => split(wanted, '<or>').includes(found)],
];

/** Operators on numbers; `=` means "at least", as in Ironic. */
const NUMBER: readonly (readonly [
  word: string,
  holds: (found: number, wanted: number) => boolean,
])[] = [
  ['==', (found, wanted) => found === wanted],
  ['!=', (found, wanted) => found !== wanted],
  ['>=', (found, wanted) => found >= wanted],
  ['<=', (found, wanted) => found <= wanted],
  ['>', (found, wanted) => found > wanted],
  ['<', (found, wanted) => found < wanted],
  ['=', (found, wanted) => found >= wanted],
];

/** What each hint is compared with. */
const PROPERTIES: Readonly<Record<string, (disk: InventoryDisk) => unknown>> = {
  model: ({ model }) => model,
  vendor: ({ vendor }) => vendor,
  serial: ({ serial }) => serial,
  wwn: ({ wwn }) => wwn,
  wwn_with_extension: ({ wwnWithExtension }) => wwnWithExtension,
  wwn_vendor_extension: ({ wwnVendorExtension }) => wwnVendorExtension,
  name: ({ name }) => name,
  hctl: ({ hctl }) => hctl,
  by_path: ({ byPath }) => byPath,
};

/**
 * Whether a disk has all that the hints ask for (`properties/root_device`; PROTOCOL.md §2). A hint
 * of an unknown kind, or about what the disk does not tell, does not hold.
 */
export function matchesHints(disk: InventoryDisk, hints: JsonObject): boolean {
  return Object.entries(hints).every(([name, wanted]) => {
    if (name === 'size') return sizeHolds(disk.sizeBytes, String(wanted).trim());
    if (name === 'rotational') return disk.rotational === isTrue(wanted);
    const found = PROPERTIES[name]?.(disk);
    return typeof found === 'string' && textHolds(plain(found, name), String(wanted), name);
  });
}

function textHolds(found: string, hint: string, name: string): boolean {
  const text = hint.trim();
  const [word, holds] = TEXT.find(([start]) => text.startsWith(start)) ?? ['', TEXT[0]?.[1]];
  const wanted = text.slice(word.length).trim().toLowerCase();
  return holds?.(found, plain(wanted, name)) ?? false;
}

/** Names of a WWN may have a prefix, and paths their folder. */
function plain(text: string, name: string): string {
  const lower = text.trim().toLowerCase();
  if (name.startsWith('wwn')) return lower.replace(/^(0x|naa\.|eui\.)/, '');
  return name === 'by_path' ? lower.replace(/^\/dev\/disk\/by-path\//, '') : lower;
}

function split(text: string, word: string): string[] {
  return text.split(word).map((part) => part.trim());
}

/** Whole GiB are compared for equality, bytes for order. */
function sizeHolds(sizeBytes: number, hint: string): boolean {
  const [word, holds] = NUMBER.find(([start]) => hint.startsWith(start)) ?? ['', undefined];
  const wantedGib = Number(hint.slice(word.length));
  const wholeGib = Math.floor(sizeBytes / GIB);
  if (holds === undefined) return wholeGib === wantedGib;
  const isEquality = word === '==' || word === '!=';
  return isEquality ? holds(wholeGib, wantedGib) : holds(sizeBytes, wantedGib * GIB);
}

function isTrue(value: unknown): boolean {
  return ['true', '1', 'yes', 'on'].includes(String(value).toLowerCase());
}
