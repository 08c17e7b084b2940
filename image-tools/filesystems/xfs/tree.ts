import { readContent, type FileTree, type Inode, type ReadBytes } from '../tree.ts';
import { FOLDER_DATA_LIMIT_BYTES, parseFolderBlock, parseShortFolder } from './folder.ts';
import { parseXfsInode } from './inode.ts';
import { ensureCleanLog } from './log.ts';
import { inodeOffset, parseXfsSuperblock, type XfsSuperblock } from './superblock.ts';

/** A symbolic link in a block of its own has a header before the target, on version 5. */
const LINK_HEADER_BYTES = 56;

/** Opens an XFS file system for reading. @throws ImageToolError APPLIANCE_NEEDED */
export async function openXfs(read: ReadBytes): Promise<FileTree> {
  const sb = parseXfsSuperblock(await read(0, 512));
  await ensureCleanLog(read, sb);
  return {
    rootNumber: sb.rootNumber,
    inode: async (number) => {
      const inode = parseXfsInode(await read(inodeOffset(sb, number), sb.inodeBytes), sb);
      return inode.kind === 'symlink' ? withTarget(read, sb, inode) : inode;
    },
    entries: (folder) => entries(read, sb, folder),
  };
}

async function withTarget(read: ReadBytes, sb: XfsSuperblock, inode: Inode): Promise<Inode> {
  if ('inline' in inode.content || !sb.version5) return inode;
  const end = LINK_HEADER_BYTES + inode.sizeBytes;
  const inline = (await readContent(read, inode, 0, end)).subarray(LINK_HEADER_BYTES);
  return { ...inode, content: { inline } };
}

async function entries(read: ReadBytes, sb: XfsSuperblock, folder: Inode) {
  if ('inline' in folder.content) return parseShortFolder(folder.content.inline, sb.kindInFolders);
  const found = new Map<string, number>();
  const dataEnd = Math.min(folder.sizeBytes, FOLDER_DATA_LIMIT_BYTES);
  for (let at = 0; at < dataEnd; at += sb.folderBlockBytes) {
    const block = await readContent(read, folder, at, at + sb.folderBlockBytes);
    if (block.readUInt32BE(0) === 0) continue; // a hole: the block was freed
    for (const [name, number] of parseFolderBlock(block, sb)) found.set(name, number);
  }
  return found;
}
