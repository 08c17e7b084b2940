import { needsAppliance, type FileExtent, type ReadBytes } from '../tree.ts';

const MAGIC = 0xf30a;
const MAX_DEPTH = 5;
const MAX_WRITTEN_BLOCKS = 32_768;
const DIRECT_BLOCKS = 12;

/** Reads an extent tree (ext4) from its node, which stands in the inode or in a block. */
export async function readExtentTree(
  read: ReadBytes,
  blockBytes: number,
  node: Buffer,
  depthLeft: number = MAX_DEPTH,
): Promise<FileExtent[]> {
  if (node.readUInt16LE(0) !== MAGIC || depthLeft === 0)
    throw needsAppliance('an ext4 extent tree makes no sense');
  const count = node.readUInt16LE(2);
  const isLeaf = node.readUInt16LE(6) === 0;
  if (12 + count * 12 > node.length) throw needsAppliance('an ext4 extent tree is cut off');
  const rows = Array.from({ length: count }, (_, index) =>
    node.subarray(12 + index * 12, 24 + index * 12),
  );
  if (isLeaf) return rows.map((row) => leaf(row, blockBytes));
  const found: FileExtent[] = [];
  for (const row of rows) {
    const block = row.readUInt32LE(4) + row.readUInt16LE(8) * 2 ** 32;
    const child = await read(block * blockBytes, blockBytes);
    found.push(...(await readExtentTree(read, blockBytes, child, depthLeft - 1)));
  }
  return found;
}

function leaf(row: Buffer, blockBytes: number): FileExtent {
  const length = row.readUInt16LE(4);
  const unwritten = length > MAX_WRITTEN_BLOCKS;
  return {
    fileOffsetBytes: row.readUInt32LE(0) * blockBytes,
    offsetBytes: (row.readUInt32LE(8) + row.readUInt16LE(6) * 2 ** 32) * blockBytes,
    sizeBytes: (unwritten ? length - MAX_WRITTEN_BLOCKS : length) * blockBytes,
    unwritten,
  };
}

/** Reads the block map of ext2 and ext3: twelve direct blocks, then one, two and three levels. */
export async function readBlockMap(
  read: ReadBytes,
  blockBytes: number,
  map: Buffer,
  sizeBytes: number,
): Promise<FileExtent[]> {
  const wanted = Math.ceil(sizeBytes / blockBytes);
  const blocks: number[] = [];
  for (let at = 0; at < DIRECT_BLOCKS; at += 1) blocks.push(map.readUInt32LE(at * 4));
  for (const level of [1, 2, 3])
    if (blocks.length < wanted)
      await readLevel(map.readUInt32LE((DIRECT_BLOCKS - 1 + level) * 4), level, blocks);
  return joinBlocks(blocks.slice(0, wanted), blockBytes);

  async function readLevel(block: number, level: number, into: number[]): Promise<void> {
    const perBlock = blockBytes / 4;
    if (block === 0) {
      for (let left = perBlock ** level; left > 0 && into.length < wanted; left -= 1) into.push(0);
      return;
    }
    const table = await read(block * blockBytes, blockBytes);
    for (let at = 0; at < perBlock && into.length < wanted; at += 1) {
      const next = table.readUInt32LE(at * 4);
      if (level === 1) into.push(next);
      else await readLevel(next, level - 1, into);
    }
  }
}

function joinBlocks(blocks: readonly number[], blockBytes: number): FileExtent[] {
  const found: {
    fileOffsetBytes: number;
    offsetBytes: number;
    sizeBytes: number;
    unwritten: false;
  }[] = [];
  for (const [index, block] of blocks.entries()) {
    if (block === 0) continue;
    const [fileOffsetBytes, offsetBytes] = [index * blockBytes, block * blockBytes];
    const last = found.at(-1);
    const follows =
      last &&
      last.offsetBytes + last.sizeBytes === offsetBytes &&
      last.fileOffsetBytes + last.sizeBytes === fileOffsetBytes;
    if (follows) last.sizeBytes += blockBytes;
    else found.push({ fileOffsetBytes, offsetBytes, sizeBytes: blockBytes, unwritten: false });
  }
  return found;
}
