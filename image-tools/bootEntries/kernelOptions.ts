import { ImageToolError } from '../errors/error.ts';

/** The kernel line of a boot entry, ready for a netboot. */
export type KernelOptions = {
  /** The value of `root=`. */
  readonly root: string | undefined;
  /** All but `root=`, in their order. */
  readonly append: string;
  /** What was left out, and why. */
  readonly dropped: readonly { readonly option: string; readonly reason: string }[];
};

/** Why an option belongs to the old disk or its boot loader. */
const FOREIGN: readonly { readonly option: RegExp; readonly reason: string }[] = [
  { option: /^\$|=\$\{?\w/, reason: 'a variable of GRUB' },
  { option: /^(BOOT_IMAGE|BOOTIF|initrd)=/, reason: 'set by the boot loader' },
  {
    option: /^(resume|resume_offset|noresume)(=|$)/,
    reason: 'names the swap space of the old disk',
  },
  { option: /^boot=/, reason: 'names the /boot of the old disk' },
];

/**
 * Takes a kernel line apart and leaves out what belongs to the old disk. `variables` are GRUB's,
 * from grubenv: those that are known are replaced by their value first.
 * @throws ImageToolError BOOT_ENTRY_UNSAFE
 */
export function cleanKernelOptions(
  line: string,
  variables: ReadonlyMap<string, string> = new Map(),
): KernelOptions {
  const options = splitOptions(expand(line, variables));
  const dropped = options.flatMap((option) => {
    const why = FOREIGN.find((foreign) => foreign.option.test(option));
    return why ? [{ option, reason: why.reason }] : [];
  });
  const gone = new Set(dropped.map(({ option }) => option));
  const kept = options.filter((option) => !gone.has(option));
  const roots = kept.filter((option) => option.startsWith('root='));
  const append = kept.filter((option) => !option.startsWith('root='));
  for (const option of kept) refuseUnsafe(option);
  // The kernel, too, takes the last one of several.
  return { root: roots.at(-1)?.slice('root='.length), append: append.join(' '), dropped };
}

function expand(line: string, variables: ReadonlyMap<string, string>): string {
  return line.replaceAll(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (all, braced?: string, plain?: string) => variables.get(braced ?? plain ?? '') ?? all,
  );
}

/** Splits at spaces and tabs outside double quotes, as the kernel does. */
export function splitOptions(line: string): string[] {
  return line.match(/(?:[^ \t"]|"[^"]*"?)+/g) ?? [];
}

/** The rule of Ironic (CVE-2026-46447): plain keys, printable values, quotes only in pairs. */
const SAFE = /^(?:--|[A-Za-z0-9_.-]+(?:=(?:[\x21\x23-\x7e]|"[\x20\x21\x23-\x7e]*")*)?)$/;

function refuseUnsafe(option: string): void {
  if (SAFE.test(option)) return;
  throw new ImageToolError(
    'BOOT_ENTRY_UNSAFE',
    `The kernel option ${JSON.stringify(option)} of the boot entry may not be passed on.`,
  );
}
