import type { EditableFiles, Files } from '../filesystems/files.ts';
import type { Part, Volume } from './layout.ts';

/** A partition that was copied out of the image into a raw file. */
export type ExtractedPart = { readonly part: Part; readonly path: string };

/** A file system of the image that can be looked into. */
export type Mounted = {
  /** `partition 2`, or `atomicos/root`: what --root names. */
  readonly name: string;
  readonly part: Part;
  readonly volume: Volume | undefined;
  readonly btrfs: boolean;
  readonly files: Files;
};

/** What became of a root: whether it moved to the spare disk, and how many bytes of that are of use. */
export type Shrunk = { readonly disk: 'same' | 'spare'; readonly sizeBytes: number };

/** The file systems of an image in the libguestfs appliance. */
export interface GuestAccess extends AsyncDisposable {
  readonly mounted: readonly Mounted[];
  editable(root: Mounted): EditableFiles;
  /**
   * Makes the root as small as its data allows, after all other changes.
   * @throws ImageToolError CANNOT_SHRINK
   */
  shrink(root: Mounted): Promise<Shrunk>;
  /** What was changed is in the extracted files afterwards, and nothing more comes. */
  settle(): Promise<void>;
  /** Ends it in order; it must be settled. */
  close(): Promise<void>;
}
