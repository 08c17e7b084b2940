import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { hasCode, IronpxeError } from '../../errors/error.ts';
import type { MediaDevice } from '../types.ts';
import type { RedfishClient } from './client.ts';
import { insertParameters } from './insertParameters.ts';
import { readManager } from './manager.ts';
import { membersOf, type System, word, words } from './system.ts';

/** Virtual drives → what their MediaTypes are in Redfish, the best first. */
const MEDIA_TYPES = {
  cdrom: ['CD', 'DVD'],
  floppy: ['Floppy'],
  disk: ['USBStick'],
} as const satisfies Record<MediaDevice, readonly string[]>;

const action = z
  .object({ target: z.string(), '@Redfish.ActionInfo': z.string().optional().catch(undefined) })
  .optional()
  .catch(undefined);

// VirtualMedia v1.x of DMTF (DSP2046): what is used here.
const driveBody = z.object({
  MediaTypes: words,
  Image: word,
  Inserted: z.boolean().nullish().catch(undefined),
  Actions: z
    .object({ '#VirtualMedia.InsertMedia': action, '#VirtualMedia.EjectMedia': action })
    .optional()
    .catch(undefined),
});

type Drive = z.output<typeof driveBody> & {
  readonly path: string;
  /** Whether it is changed by PATCH: drives that only a console serves are not. */
  readonly takesPatch: boolean;
};

/** A machine, and how long its drives may take. */
export type MediaMachine = {
  readonly client: RedfishClient;
  readonly system: System;
  readonly signal: AbortSignal;
  readonly deadlineMs: number;
  readonly pauseMs: number;
};

/**
 * Puts an image into a drive of a kind. All drives of that kind are emptied first; then the first
 * one that takes the image has it.
 * @throws IronpxeError DRIVER_MEDIA_UNSUPPORTED, DRIVER_MEDIA_NOT_REACHED, DRIVER_BMC_*
 */
export async function insertMedia(
  machine: MediaMachine,
  device: MediaDevice,
  imageUrl: string,
): Promise<void> {
  const collections = await collectionsOf(machine);
  // Where the machine has drives of its own, those of its managers are the same ones again.
  const isOwn = machine.system.VirtualMedia !== undefined;
  const all = await readDrives(machine, isOwn ? collections.slice(0, 1) : collections);
  const drives = all.filter((drive) => isOf(drive, device));
  for (const drive of drives) if (isInserted(drive) === true) await ejectDrive(machine, drive);
  let refusal: unknown = noDrive(machine, device, all);
  for (const drive of drives)
    try {
      return await insertInto(machine, drive, imageUrl);
    } catch (error) {
      // Some drives are for the BMC's own console only, and say so when they are asked.
      if (!hasCode(error, 'DRIVER_BMC_REFUSED', 'DRIVER_MEDIA_UNSUPPORTED')) throw error;
      refusal = error;
    }
  throw refusal;
}

/** Empties the drives of these kinds. @throws IronpxeError DRIVER_MEDIA_NOT_REACHED, DRIVER_BMC_* */
export async function ejectMedia(
  machine: MediaMachine,
  devices: readonly MediaDevice[],
): Promise<void> {
  for (const path of await collectionsOf(machine))
    for (const drive of await readDrives(machine, [path]))
      if (isInserted(drive) === true && devices.some((device) => isOf(drive, device)))
        await ejectDrive(machine, drive);
}

/** Where drives stand: with the machine (newer services), with its managers, or with both. */
async function collectionsOf({ client, system }: MediaMachine): Promise<readonly string[]> {
  const owners: Pick<System, 'VirtualMedia'>[] = [system];
  for (const path of system.managers) owners.push(await readManager(client, path));
  return owners.flatMap(({ VirtualMedia: found }) =>
    found === undefined ? [] : [found['@odata.id']],
  );
}

async function readDrives(machine: MediaMachine, collections: readonly string[]): Promise<Drive[]> {
  const drives: Drive[] = [];
  for (const collection of collections)
    for (const path of await membersOf(machine.client, collection))
      drives.push(await readDrive(machine, path));
  return drives;
}

async function readDrive({ client }: MediaMachine, path: string): Promise<Drive> {
  const { body, allow } = await client.get(path);
  const parsed = driveBody.safeParse(body);
  if (parsed.success) return { ...parsed.data, path, takesPatch: allow.includes('PATCH') };
  throw new IronpxeError('DRIVER_BMC_REFUSED', `The BMC's answer for ${path} is no VirtualMedia.`);
}

function isOf({ MediaTypes: types = [] }: Drive, device: MediaDevice): boolean {
  return MEDIA_TYPES[device].some((type) => types.includes(type));
}

/** `undefined` where the BMC does not tell. */
function isInserted({ Inserted: inserted, Image: image }: Drive): boolean | undefined {
  return inserted ?? (image === undefined ? undefined : Boolean(image));
}

/** By the action, or by a change of the drive where it has none (VirtualMedia before v1.2). */
async function insertInto(machine: MediaMachine, drive: Drive, imageUrl: string): Promise<void> {
  const { client } = machine;
  const insert = drive.Actions?.['#VirtualMedia.InsertMedia'];
  if (insert !== undefined) await insertByAction(client, insert, imageUrl);
  else if (drive.takesPatch)
    await client.patch(drive.path, { Image: imageUrl, Inserted: true, WriteProtected: true });
  else throw unsupported(`${drive.path} takes no image by URL.`);
  await reach(machine, drive, true);
}

/** Inserted and WriteProtected are true without being sent; some Supermicro refuse them. */
async function insertByAction(
  client: RedfishClient,
  { target, '@Redfish.ActionInfo': info }: NonNullable<z.output<typeof action>>,
  imageUrl: string,
): Promise<void> {
  const parameters = await insertParameters(client, info, imageUrl);
  for (;;)
    try {
      return await client.post(target, parameters.body());
    } catch (error) {
      if (!parameters.add(error)) throw error;
    }
}

async function ejectDrive(machine: MediaMachine, drive: Drive): Promise<void> {
  const { client } = machine;
  const eject = drive.Actions?.['#VirtualMedia.EjectMedia'];
  if (eject !== undefined) await client.post(eject.target, {});
  else if (drive.takesPatch) await client.patch(drive.path, { Image: null, Inserted: false });
  else throw unsupported(`${drive.path} cannot be emptied through the BMC's Redfish.`);
  await reach(machine, drive, false);
}

/** Looks until the drive is as it was told to be: BMCs answer before they have fetched the image. */
async function reach(machine: MediaMachine, { path }: Drive, wished: boolean): Promise<void> {
  const { signal, deadlineMs, pauseMs } = machine;
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const found = isInserted(await readDrive(machine, path));
    if (found === wished || found === undefined) return;
    if (performance.now() >= endMs) break;
    await delay(pauseMs, undefined, { signal });
  }
  throw new IronpxeError(
    'DRIVER_MEDIA_NOT_REACHED',
    `${path} is ${wished ? 'still empty' : 'not empty'} after ${deadlineMs} ms.`,
  );
}

function noDrive(
  { system }: MediaMachine,
  device: MediaDevice,
  drives: readonly Drive[],
): IronpxeError {
  const types = [...new Set(drives.flatMap(({ MediaTypes: found = [] }) => found))];
  const found = types.join(', ') || 'none';
  return unsupported(
    `${system.path} has no virtual drive for ${device}: found ${found}, expected ${MEDIA_TYPES[device].join(' or ')}.`,
  );
}

function unsupported(message: string): IronpxeError {
  return new IronpxeError('DRIVER_MEDIA_UNSUPPORTED', message);
}
