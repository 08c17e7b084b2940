import { z } from 'zod';
import { bool, emptyable, text255, uuid } from './values.ts';

const interfaceName = z.string().nullish();
const interfaceNames = {
  bios_interface: interfaceName,
  boot_interface: interfaceName,
  console_interface: interfaceName,
  deploy_interface: interfaceName,
  firmware_interface: interfaceName,
  inspect_interface: interfaceName,
  management_interface: interfaceName,
  network_interface: interfaceName,
  power_interface: interfaceName,
  raid_interface: interfaceName,
  rescue_interface: interfaceName,
  storage_interface: interfaceName,
  vendor_interface: interfaceName,
};

/** Nova's network metadata, as far as it is the same for every kind of link and network. */
const networkData = z
  .union([
    z.strictObject({}),
    z.looseObject({
      links: z.array(z.looseObject({ id: z.string().min(1), type: z.string().min(1) })),
      networks: z.array(
        z.looseObject({ id: z.string().min(1), link: z.string().min(1), type: z.string().min(1) }),
      ),
      services: z.array(z.looseObject({ type: z.string().min(1), address: z.string().min(1) })),
    }),
  ])
  .nullish()
  .transform((value): Record<string, unknown> => value ?? {});

/** The fields of a node that clients write. */
export const nodeWrite = z.strictObject({
  uuid: uuid.optional(),
  name: z.string().nullish(),
  driver: text255.min(1),
  chassis_uuid: uuid.nullish(),
  driver_info: emptyable,
  instance_info: emptyable,
  properties: emptyable,
  extra: emptyable,
  instance_uuid: uuid.nullish(),
  maintenance: bool.nullish(),
  resource_class: z.string().max(80).nullish(),
  conductor_group: z
    .string()
    .max(255)
    .regex(/^[\w.-]*$/)
    .nullish(),
  automated_clean: bool.nullish(),
  owner: text255.nullish(),
  lessee: text255.nullish(),
  description: z.string().max(4096).nullish(),
  retired: bool.nullish(),
  retired_reason: z.string().nullish(),
  network_data: networkData,
  shard: text255.nullish(),
  parent_node: z.string().max(36).nullish(),
  ...interfaceNames,
});

/** What POST can write besides; the machine itself says what they are. */
export const nodeCreated = nodeWrite.extend({
  boot_mode: z.string().nullish(),
  secure_boot: bool.nullish(),
  console_enabled: bool.nullish(),
});

/** What PATCH can write besides. */
export const nodePatched = nodeWrite.extend({
  protected: bool.nullish(),
  protected_reason: z.string().nullish(),
});

/** `PUT traits`. */
export const traitList = z.strictObject({ traits: z.array(z.string()) });
