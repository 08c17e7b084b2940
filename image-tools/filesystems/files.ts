/** What stands at a path; symbolic links are not followed. */
export type FileKind = 'file' | 'folder' | 'symlink' | 'other';

/**
 * Read access to one file system of the image. Paths are absolute within it, and no method
 * follows a symbolic link in the last place; use {@link resolveLinks} first.
 */
export interface Files {
  /** How people know it: `partition 1`, `atomicos/root`. */
  readonly name: string;
  kind(path: string): Promise<FileKind | undefined>;
  /** Names in a folder, sorted; empty when there is none. */
  list(path: string): Promise<readonly string[]>;
  readLink(path: string): Promise<string>;
  /** A small text file. */
  readText(path: string): Promise<string>;
  /** Copies a file out to the host. */
  download(path: string, hostPath: string): Promise<void>;
}

/** {@link Files} that can be changed. */
export interface EditableFiles extends Files {
  makeFolder(path: string): Promise<void>;
  makeSymlink(target: string, path: string): Promise<void>;
  /** Makes a file, or replaces the content of one that is there. */
  writeText(path: string, text: string): Promise<void>;
  /** Copies a file of the host in. */
  upload(hostPath: string, path: string): Promise<void>;
  /** Copies a folder with all that is in it from another file system of the same image. */
  copyFolder(from: Files, path: string, target: string): Promise<void>;
  /** Removes a file, or a folder with all that is in it. */
  remove(path: string): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
}
