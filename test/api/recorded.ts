import { readFileSync } from 'node:fs';
import type { JsonObject } from '../../conductor/store/types.ts';

/** A request that a real client sent to Ironic 21.4, with its answer. */
export type Recorded = {
  readonly n: number;
  readonly command: string;
  readonly method: string;
  readonly url: string;
  readonly version?: string;
  readonly body?: unknown;
  readonly status: number;
  readonly location?: string;
  readonly answer?: unknown;
};

/** The recording of this name, in order. */
export function readRecording(name: 'cli' | 'nova' | 'nova-neutron'): Recorded[] {
  const url = new URL(`../vectors/ironic/${name}.jsonl`, import.meta.url);
  const lines = readFileSync(url, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Recorded);
}

/**
 * How two JSON values differ in shape: keys that one has and the other lacks, and other types.
 * Null agrees with everything, and lists are compared by their first items.
 */
export function shapeDifferences(recorded: unknown, found: unknown, path = ''): string[] {
  if (recorded === null || found === null) return [];
  if (Array.isArray(recorded) && Array.isArray(found)) {
    const bothHave = recorded.length > 0 && found.length > 0;
    return bothHave ? shapeDifferences(recorded[0], found[0], `${path}[]`) : [];
  }
  const [a, b] = [typeOf(recorded), typeOf(found)];
  if (a !== b) return [`${path}: ${a} recorded, ${b} found`];
  return a === 'object' ? objectDifferences(recorded as JsonObject, found as JsonObject, path) : [];
}

/** Objects that users fill have no shape. */
const FREE = /(_info|properties|extra|^raid_config|network_data)$/;

function objectDifferences(recorded: JsonObject, found: JsonObject, path: string): string[] {
  if (FREE.test(path)) return [];
  const keys = [...new Set([...Object.keys(recorded), ...Object.keys(found)])];
  return keys.flatMap((key) => {
    const place = path === '' ? key : `${path}.${key}`;
    if (!(key in found)) return [`-${place}`];
    if (!(key in recorded)) return [`+${place}`];
    return shapeDifferences(recorded[key], found[key], place);
  });
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : typeof value;
}
