import { IronpxeError } from '../errors/error.ts';
import type { BootProperties } from '../openstack/imageDescription.ts';
import { checkKernelParameters, checkRootDevice } from './kernelParameters.ts';

/** Where a part of a kernel line may come from; `ironpxe`: it is always there. */
export const KERNEL_LINE_SOURCES = [
  'instance_info',
  'driver_info',
  'image',
  'configuration',
  'disk',
  'ironpxe',
] as const;
export type KernelLineSource = (typeof KERNEL_LINE_SOURCES)[number];

export type KernelLinePart = { readonly text: string; readonly from: KernelLineSource };

/** A kernel line, and the same in parts: joined by spaces they are the line. */
export type KernelLine = { readonly line: string; readonly parts: readonly KernelLinePart[] };

/** All that has a say in the kernel line of the user's system. */
export type KernelLineInputs = {
  /** `kernel_append_params` of the node's `instance_info`, `driver_info`, and the configuration. */
  readonly instanceInfo: unknown;
  readonly driverInfo: unknown;
  readonly configured: string;
  readonly image: BootProperties | undefined;
  /** What was found on the disk, such as `UUID=…`. */
  readonly rootOnDisk: string | undefined;
};

const DEFAULT = '%default%';

/**
 * The kernel line of the user's system, and where each part comes from. `kernel_append_params` of
 * the instance wins over the node's (driver_info), that over the image's property, and that over
 * the configuration; `%default%` inserts the next lower one. `root=` is taken from there, else from
 * the image's `root_device`, else from the disk. `kernel_cmdline` of an image is a whole line.
 * @throws IronpxeError DEPLOY_PARAMETER_INVALID; DEPLOY_PARAMETER_MISSING when no root is known
 */
export function kernelLine(inputs: KernelLineInputs): KernelLine {
  const { image } = inputs;
  const append = appended(inputs);
  const isWhole = image?.wholeLine !== undefined && append.some(({ from }) => from === 'image');
  const namesRoot = append.some(({ text }) => /(^|\s)root=/.test(text));
  if (isWhole || namesRoot) return joined(append);
  const root = rootPart(inputs);
  return joined([root, { text: 'ro text', from: 'ironpxe' }, ...append]);
}

/** The levels from the lowest up, each laid over the one below. */
function appended(inputs: KernelLineInputs): readonly KernelLinePart[] {
  const { image, instanceInfo, driverInfo, configured } = inputs;
  const imageName = image?.wholeLine === undefined ? 'kernel_append_params' : 'kernel_cmdline';
  const levels = [
    { from: 'image', name: imageName, value: image?.wholeLine ?? image?.appendParams },
    { from: 'driver_info', name: 'kernel_append_params', value: driverInfo },
    { from: 'instance_info', name: 'kernel_append_params', value: instanceInfo },
  ] as const;
  let parts: readonly KernelLinePart[] = [{ text: configured, from: 'configuration' }];
  for (const { from, name, value } of levels) {
    if (value === undefined || value === null) continue;
    const text = checkKernelParameters(`${from}/${name}`, value);
    parts = layOver(text, from, parts);
  }
  return parts;
}

function layOver(
  text: string,
  from: KernelLineSource,
  below: readonly KernelLinePart[],
): KernelLinePart[] {
  return text
    .split(DEFAULT)
    .flatMap((own, index) => [...(index > 0 ? below : []), { text: own, from }]);
}

function rootPart({ image, rootOnDisk }: KernelLineInputs): KernelLinePart {
  if (image?.rootDevice !== undefined) {
    const root = checkRootDevice('image/root_device', image.rootDevice);
    return { text: `root=${root}`, from: 'image' };
  }
  if (rootOnDisk !== undefined) return { text: `root=${rootOnDisk}`, from: 'disk' };
  throw new IronpxeError(
    'DEPLOY_PARAMETER_MISSING',
    'The image has no file system UUID to boot from, and neither its property root_device nor instance_info/kernel_append_params names a root.',
  );
}

function joined(parts: readonly KernelLinePart[]): KernelLine {
  const said = parts
    .map(({ text, from }) => ({ text: text.trim(), from }))
    .filter(({ text }) => text !== '');
  return { line: said.map(({ text }) => text).join(' '), parts: said };
}
