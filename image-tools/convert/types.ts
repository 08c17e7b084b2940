import type { ChecksumLevel } from './checksums.ts';
import type { ConvertEvent } from './events.ts';
import type { Edit } from './editSpec.ts';
import type { Manifest } from './manifest.ts';
import type { OutputPaths } from './workFolder.ts';

/** What {@link convert} is asked for. */
export type ConvertOptions = {
  /** The disk image: qcow2, or raw with a partition table. */
  readonly image: string;
  /** Folder for the outputs; made when it is missing. */
  readonly outputDir: string;
  /** The outputs are NAME-kernel, NAME-ramdisk, NAME-base and NAME.json. */
  readonly name: string;
  /** Which boot entry, in menu order; 0, the default, is what the machine boots. */
  readonly deployment?: number | undefined;
  /** Which root, when the image holds several: `atomicos/root`, `partition 3`. */
  readonly root?: string | undefined;
  readonly format?: 'raw' | 'qcow2' | undefined;
  /** Compressed clusters; qcow2 only. */
  readonly compress?: boolean | undefined;
  /** Makes the root as small as its data allows. */
  readonly shrink?: boolean | undefined;
  /** false: user space only, in place, and only what is provably safe. */
  readonly appliance?: boolean | undefined;
  /**
   * How much is hashed. By default `data` for a raw root, whose holes would take longer than all
   * else, and `sha256` for qcow2, which has none. What is left out can be added by a later run.
   */
  readonly checksums?: ChecksumLevel | undefined;
  readonly edits?: readonly Edit[] | undefined;
  /** Replaces outputs of the same name. */
  readonly force?: boolean | undefined;
  /** Where the appliance and its kernel are kept. */
  readonly cacheDir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: ConvertEvent) => void) | undefined;
};

/** With what is left to be decided by default decided. */
export type DecidedOptions = ConvertOptions & { readonly checksums: ChecksumLevel };

export type ConvertResult = {
  /** The outputs were there already, from the same input and options. */
  readonly unchanged: boolean;
  /** They were, but the manifest lacked checksums, which it has now. */
  readonly addedChecksums: boolean;
  readonly outputs: OutputPaths;
  readonly manifest: Manifest;
};
