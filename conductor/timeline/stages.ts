import {
  asksAsFirmware,
  asksAsSystem,
  isStart,
  isStep,
  textOf,
  type TimelineEntry,
} from './entry.ts';
import { isTransfer, roleOf, type FileRole } from './transfers.ts';

/** A stretch of a boot: from the entry that begins it to the one that begins another. */
export type Stage = {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly begins: (entry: TimelineEntry) => boolean;
  /** Whether it begins with the end of the transfer that the entry tells of. */
  readonly afterTransfer?: true;
  /** Whether its begin after a later stage means that the machine started again. */
  readonly again?: true;
};

const fetches =
  (...roles: readonly FileRole[]) =>
  (entry: TimelineEntry): boolean =>
    isTransfer(entry) && roles.includes(roleOf(textOf(entry, 'file')));

const has =
  (role: FileRole) =>
  (entry: TimelineEntry): boolean =>
    entry.kind.endsWith('.done') && fetches(role)(entry);

const begins =
  (step: string) =>
  (entry: TimelineEntry): boolean =>
    isStep(entry, 'started', step);

const kind =
  (...kinds: readonly string[]) =>
  (entry: TimelineEntry): boolean =>
    kinds.includes(entry.kind);

const isStepOf =
  (...steps: readonly string[]) =>
  (entry: TimelineEntry): boolean =>
    steps.some((step) => isStep(entry, 'started', step));

/**
 * The stages of a deploy in their order, each with what begins it. A boot without one of them (no
 * verification, a classic ramdisk) skips it. The stages up to `ramdisk_boot` are also those of an
 * inspection or a cleaning.
 */
export const STAGES: readonly Stage[] = [
  { name: 'prepare', title: 'preparing image and boot', begins: kind('operation.started') },
  { name: 'power', title: 'switching the machine', begins: begins('start_ramdisk') },
  { name: 'firmware', title: 'firmware starts', begins: isStart, again: true },
  { name: 'dhcp', title: 'DHCP', begins: asksAsFirmware, again: true },
  { name: 'loader', title: 'boot loader', begins: fetches('loader') },
  { name: 'kernel', title: 'deploy kernel', begins: fetches('deploy_kernel') },
  { name: 'ramdisk', title: 'deploy ramdisk', begins: fetches('deploy_ramdisk') },
  {
    name: 'ramdisk_boot',
    title: 'ramdisk starts',
    begins: has('deploy_ramdisk'),
    afterTransfer: true,
  },
  { name: 'login', title: 'disk: login and plan', begins: kind('ramdisk.callback') },
  { name: 'write', title: 'writing the disk', begins: begins('write_disk') },
  { name: 'verify', title: 'reading it back', begins: isStepOf('verify_disk', 'commit_disk') },
  { name: 'switch', title: 'switching the boot', begins: begins('switch_boot') },
  { name: 'release', title: 'releasing the ramdisk', begins: begins('release_ramdisk') },
  { name: 'user_firmware', title: 'firmware starts again', begins: kind('ramdisk.released') },
  { name: 'user_dhcp', title: 'DHCP', begins: asksAsFirmware },
  { name: 'user_loader', title: 'boot loader', begins: fetches('loader') },
  { name: 'user_kernel', title: 'own kernel', begins: fetches('kernel') },
  { name: 'user_ramdisk', title: 'own ramdisk', begins: fetches('ramdisk') },
  { name: 'system', title: 'own system starts', begins: has('ramdisk'), afterTransfer: true },
  { name: 'seen', title: 'own system asks by DHCP', begins: asksAsSystem },
];

export const STAGE_NAMES: readonly string[] = STAGES.map(({ name }) => name);

/** The place of a stage in the order; -1 for none. */
export function stageIndex(name: string): number {
  return STAGE_NAMES.indexOf(name);
}

/** From here on the machine boots its own system. */
export const USER_BOOT = stageIndex('user_firmware');

/**
 * The stage that an entry begins for a machine that is in stage `current`; `undefined` when it goes
 * on as it is. What firmware and loaders do again within a boot (iPXE asks by DHCP once more after it
 * was loaded) is no new start; a PXE request after the kernel was fetched is one.
 */
export function stageBegunBy(entry: TimelineEntry, current: number): number | undefined {
  const isUser = current >= USER_BOOT;
  const next = STAGES.findIndex(
    ({ begins: test }, index) =>
      index > current && (isUser || index <= USER_BOOT) && index !== SEEN && test(entry),
  );
  if (current === SYSTEM && asksAsSystem(entry)) return SEEN;
  const restarted = isUser
    ? -1
    : STAGES.findIndex(({ again, begins: test }) => again === true && test(entry));
  if (restarted !== -1 && restarted < current && isRestart(restarted, current)) return restarted;
  return next === -1 ? undefined : next;
}

const SEEN = stageIndex('seen');
const SYSTEM = stageIndex('system');
const FIRMWARE = stageIndex('firmware');
const KERNEL = stageIndex('kernel');

/** Power on is always a start; a PXE request is one once a kernel was fetched. */
function isRestart(begun: number, current: number): boolean {
  return begun === FIRMWARE || current >= KERNEL;
}
