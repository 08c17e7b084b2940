import type { Extent, ExtentSource } from '../plan/types.ts';

/** A part of an extent that is one write or one zero command. */
export type Piece = {
  /** Where it begins among all bytes of the plan, in plan order. */
  readonly position: number;
  readonly targetOffsetBytes: number;
  readonly lengthBytes: number;
  readonly source: ExtentSource;
};

export type PieceSizes = {
  readonly chunkBytes: number;
  readonly zeroChunkBytes: number;
};

/** The bytes of all `extents`. */
export function totalBytes(extents: readonly Extent[]): number {
  return extents.reduce((sum, extent) => sum + extent.lengthBytes, 0);
}

/**
 * Cuts extents into pieces, from `fromBytes` on. `basePosition` is where the first extent begins in
 * the plan; positions in the pieces and `fromBytes` count from the plan's start.
 */
export function* piecesOf(
  extents: readonly Extent[],
  sizes: PieceSizes,
  basePosition: number,
  fromBytes: number,
): Generator<Piece> {
  let position = basePosition;
  for (const extent of extents) {
    const skip = Math.min(extent.lengthBytes, Math.max(0, fromBytes - position));
    yield* cut(extent, skip, position, sizes);
    position += extent.lengthBytes;
  }
}

function* cut(extent: Extent, skip: number, position: number, sizes: PieceSizes): Generator<Piece> {
  const { source, targetOffsetBytes, lengthBytes } = extent;
  const size = source.kind === 'zero' ? sizes.zeroChunkBytes : sizes.chunkBytes;
  for (let done = skip; done < lengthBytes; done += size)
    yield {
      position: position + done,
      targetOffsetBytes: targetOffsetBytes + done,
      lengthBytes: Math.min(size, lengthBytes - done),
      source:
        source.kind === 'zero' ? source : { ...source, offsetBytes: source.offsetBytes + done },
    };
}
