/** The formats that are written to disks. */
export const IMAGE_FORMATS = ['raw', 'qcow2'] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** A run of an image's content. Runs follow each other without gaps, from 0 to the virtual size. */
export type ImageExtent =
  | {
      readonly kind: 'data';
      /** Place in the content, in bytes; a multiple of 4096. */
      readonly startBytes: number;
      /** A multiple of 4096, but for the last run. */
      readonly lengthBytes: number;
      /** Where in the file these bytes are. What lies past the file's end reads as zero. */
      readonly fileOffsetBytes: number;
    }
  | { readonly kind: 'zero'; readonly startBytes: number; readonly lengthBytes: number };

/** What an image holds, as told by its signatures. */
export type ImageContent =
  | {
      readonly kind: 'filesystem';
      readonly type: string;
      readonly uuid: string | undefined;
      readonly label: string | undefined;
    }
  | {
      readonly kind: 'disk';
      readonly tableType: 'dos' | 'gpt';
      /** The four bytes at offset 440 as `0x%08x`. */
      readonly diskIdentifier: string;
      /** Size of the sectors in which the table counts. */
      readonly sectorSizeBytes: 512 | 4096;
    }
  /** A physical volume: its root cannot be named by a UUID of its own. */
  | { readonly kind: 'lvm' }
  | { readonly kind: 'unknown'; readonly type: string | undefined };

/** All that a plan needs to know of an image. JSON-serialisable. */
export type ImageFacts = {
  /** The file that `extents` refer to: the image, or the raw copy made of a compressed one. */
  readonly path: string;
  /** The format of `path`. */
  readonly format: ImageFormat;
  /** Length of the content; a multiple of 512. */
  readonly virtualSizeBytes: number;
  /** Bytes in data extents. */
  readonly allocatedBytes: number;
  readonly extents: readonly ImageExtent[];
  readonly content: ImageContent;
};

export const CHECKSUM_ALGORITHMS = ['md5', 'sha256', 'sha512'] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** A digest in lower-case hex. */
export type Checksum = { readonly algorithm: ChecksumAlgorithm; readonly value: string };

/** An image on local disk that matched its checksum, if one was given. */
export type CachedFile = {
  readonly path: string;
  readonly sizeBytes: number;
  /** Known for downloads, and for local files whose checksum is of this kind. */
  readonly sha256: string | undefined;
  /** `file`: used where it lies; `cache`: was there already; `download`: fetched just now. */
  readonly origin: 'file' | 'cache' | 'download';
};
