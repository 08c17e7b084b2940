import { IronpxeError } from '../../errors/error.ts';
import type { BootFacts, BootFile } from '../facts.ts';
import type { BootTemplates } from './load.ts';
import { render } from './render.ts';

/**
 * Room for kernel parameters: Linux on x86 and syslinux take 2047 characters, of which `initrd=`
 * and `BOOTIF=` need some.
 */
const LONGEST_OPTIONS = 1900;

/** What a label needs besides kernel parameters. */
const NEEDED_FILES = {
  deploy: ['deploy_kernel', 'deploy_ramdisk'],
  boot_partition: ['kernel', 'ramdisk'],
  boot_whole_disk: [],
} as const satisfies Record<BootFacts['label'], readonly BootFile[]>;

/**
 * The pxelinux config of a node.
 * @throws IronpxeError BOOT_FACTS_INVALID
 */
export function pxelinuxConfig(templates: BootTemplates, boot: BootFacts): string {
  checkComplete(boot);
  return render(templates.pxelinux, {
    ...common(boot),
    // Only chain.c32 reads it, and only under boot_whole_disk, where it was checked to be there.
    disk_identifier: boot.diskIdentifier ?? 'unset',
  });
}

/**
 * The iPXE script of a node.
 * @throws IronpxeError BOOT_FACTS_INVALID
 */
export function ipxeNodeScript(templates: BootTemplates, boot: BootFacts): string {
  checkComplete(boot);
  for (const options of [boot.deployOptions, boot.bootOptions]) checkForIpxe(boot, options);
  return render(templates.ipxeNode, common(boot));
}

/**
 * The GRUB config of a node.
 * @throws IronpxeError BOOT_FACTS_INVALID
 */
export function grubConfig(templates: BootTemplates, boot: BootFacts): string {
  checkComplete(boot);
  return render(templates.grub, {
    ...common(boot),
    deploy_options: grubWords(boot, boot.deployOptions),
    boot_options: grubWords(boot, boot.bootOptions),
  });
}

/** The GRUB config that looks for the node's. */
export function grubStartConfig(templates: BootTemplates): string {
  return render(templates.grubStart, {});
}

/** The script that every iPXE starts with. */
export function ipxeStartScript(templates: BootTemplates, ipxeRom: 'use' | 'chainload'): string {
  return render(templates.ipxeStart, { rom_policy: ipxeRom });
}

function common(boot: BootFacts): Record<string, string> {
  return {
    default_label: boot.label,
    node_uuid: boot.nodeUuid,
    deploy_options: boot.deployOptions,
    boot_options: boot.bootOptions,
  };
}

function checkComplete(boot: BootFacts): void {
  const missing = NEEDED_FILES[boot.label].find((file) => boot.files[file] === undefined);
  if (missing !== undefined) throw unfit(boot, `label ${boot.label} needs the file ${missing}`);
  if (boot.label === 'boot_whole_disk' && boot.diskIdentifier === undefined)
    throw unfit(boot, 'label boot_whole_disk needs a disk identifier');
  const longest = Math.max(boot.deployOptions.length, boot.bootOptions.length);
  if (longest > LONGEST_OPTIONS)
    throw unfit(boot, `${longest} characters of kernel parameters; at most ${LONGEST_OPTIONS} fit`);
}

/** iPXE would expand `${…}` and take these words for operators. */
function checkForIpxe(boot: BootFacts, options: string): void {
  if (options.includes('${') || /(^|\s)(&&|\|\|)(\s|$)/.test(options))
    throw unfit(boot, 'kernel parameters with "${", "&&" or "||", which iPXE would interpret');
}

/**
 * Kernel parameters as words of a GRUB command. GRUB takes quotes away, and puts double ones around
 * a whole parameter with blanks in it, which Linux reads the same.
 */
function grubWords(boot: BootFacts, options: string): string {
  if (/['\\]/.test(options))
    throw unfit(
      boot,
      'kernel parameters with a single quote or a backslash, which GRUB would double',
    );
  const words = options.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  return words
    .map((word) => word.replaceAll('"', ''))
    .map((word) => (/^[\w.,:=/+@%^~-]+$/.test(word) ? word : `'${word}'`))
    .join(' ');
}

function unfit(boot: BootFacts, why: string): IronpxeError {
  return new IronpxeError('BOOT_FACTS_INVALID', `Node ${boot.nodeUuid} cannot boot: ${why}.`);
}
