import type { KernelOptions } from '../bootEntries/kernelOptions.ts';
import type { Mounted } from './access.ts';

/** Names that hold wherever the file system lies: not /dev/sda3, not a partition's own id. */
const STABLE = /^(?:UUID=|LABEL=|\/dev\/mapper\/|\/dev\/disk\/by-(?:uuid|label)\/)/;

/**
 * Makes `root=` hold on another disk: a device name or partition id becomes the UUID of the root's
 * file system, or the mapper path of its volume.
 */
export function stableRoot(options: KernelOptions, root: Mounted): KernelOptions {
  if (options.root !== undefined && STABLE.test(options.root)) return options;
  if (root.volume) return { ...options, root: root.volume.device };
  const uuid = root.part.uuidOfContent;
  return uuid === undefined ? options : { ...options, root: `UUID=${uuid}` };
}
