import { readLayout, type Layout } from '../inspect/layout.ts';
import { readPartitionTable } from '../partitions/table.ts';
import { openDisk, type DiskReader } from '../source/diskReader.ts';
import type { Source } from '../source/source.ts';
import type { ConvertOptions } from './types.ts';

/** A source opened for reading, with its layout. */
export type DiskLook = AsyncDisposable & {
  readonly source: Source;
  readonly disk: DiskReader;
  readonly layout: Layout;
};

/** Opens the virtual disk and reads its partition table. @throws ImageToolError SOURCE_… */
export async function lookAtDisk(source: Source, options: ConvertOptions): Promise<DiskLook> {
  await using stack = new AsyncDisposableStack();
  const disk = stack.use(await openDisk(source));
  const table = await readPartitionTable(disk.read, source.virtualSizeBytes);
  const layout = await readLayout(disk.read, table);
  options.onEvent?.({ kind: 'layout', layout });
  const kept = stack.move();
  return { source, disk, layout, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
