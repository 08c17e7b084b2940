import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Config } from '../config/schema.ts';
import type { JsonObject, Node } from '../store/types.ts';
import { bootDir } from './places.ts';
import { loadJson, saveJson } from './planFile.ts';

/** Where the receipt stands in the node's `driver_internal_info` while the instance lives. */
export const RECEIPT_KEY = 'deploy_receipt';

/** And there the result of a later comparison. */
export const VERIFICATION_KEY = 'disk_verification';

const FILE = 'digests.json';

/** A range of the disk with what it hashed to when it was verified. */
const digest = z.object({ start: z.number(), end: z.number(), sha256: z.string() });
export type DiskDigest = z.output<typeof digest>;

const text = z.string().optional();
const receipt = z.object({
  verify: z.enum(['full', 'written', 'off']),
  algorithm: z.literal('sha256'),
  /** Over the lines `START END DIGEST` of all ranges by offset; absent when nothing was verified. */
  root_hash: text,
  disk_serial: text,
  disk_wwn: text,
  disk_size_bytes: z.number(),
  sent_bytes: z.number(),
  kept_bytes: z.number(),
  /** What other machines handed on; receipts of earlier versions do not tell. */
  relayed_bytes: z.number().default(0),
  verified_bytes: z.number(),
  writer: z.string(),
  /** The ramdisk proved that it knows the deploy key, and the target was ours alone. */
  authenticated: z.boolean(),
  completed_at: z.string(),
});

/** What is known of the disk of an instance, as it stands on the node. */
export type Receipt = z.output<typeof receipt>;

/** The hash over digests in the order of their offsets; `undefined` without any. */
export function rootHash(digests: readonly DiskDigest[]): string | undefined {
  if (digests.length === 0) return undefined;
  const hash = createHash('sha256');
  for (const { start, end, sha256 } of digests.toSorted((a, b) => a.start - b.start))
    hash.update(`${start} ${end} ${sha256}\n`);
  return hash.digest('hex');
}

/** What stands on a node without what was known of its disk. */
export function withoutReceipt(info: JsonObject): JsonObject {
  const { [RECEIPT_KEY]: _, [VERIFICATION_KEY]: __, ...rest } = info;
  return rest;
}

/** The receipt of the node's instance, if it has one. */
export function receiptOf(node: Pick<Node, 'driverInternalInfo'>): Receipt | undefined {
  return receipt.safeParse(node.driverInternalInfo[RECEIPT_KEY]).data;
}

/** Keeps the digests for as long as the instance lives. */
export async function saveDigests(
  config: Config,
  nodeUuid: string,
  digests: readonly DiskDigest[],
): Promise<void> {
  await saveJson(bootDir(config, nodeUuid), FILE, digests);
}

/** The digests of the node's instance; none when nothing was verified. */
export async function loadDigests(config: Config, nodeUuid: string): Promise<DiskDigest[]> {
  const found = await loadJson(bootDir(config, nodeUuid), FILE).catch(() => []);
  return z.array(digest).parse(found);
}
