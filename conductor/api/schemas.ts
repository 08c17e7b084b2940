import { z } from 'zod';
import { POWER_TARGETS } from '../drivers/types.ts';
import { IronpxeError } from '../errors/error.ts';
import { tryParseMac } from '../values/mac.ts';
import { isUuid } from '../values/uuid.ts';

const TRUE = ['true', 't', '1', 'on', 'y', 'yes'];
const FALSE = ['false', 'f', '0', 'off', 'n', 'no'];

/** A boolean, also as the words by which OpenStack's clients send it. */
export const bool = z.preprocess((value) => {
  const word = typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  if (word === undefined) return value;
  if (TRUE.includes(word.toLowerCase())) return true;
  return FALSE.includes(word.toLowerCase()) ? false : value;
}, z.boolean());

/** Text that has the form of a UUID, in lower case. */
export const uuid = z
  .string()
  .refine(isUuid, { error: ({ input }) => `Expected a uuid but received ${String(input)}.` })
  .transform((text) => text.toLowerCase());

/** A MAC address in any common form. */
export const mac = z.string().transform((text, context) => {
  const parsed = tryParseMac(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: `Expected a MAC address but received ${text}.` });
  return z.NEVER;
});

const jsonObject = z.record(z.string(), z.unknown());
const text255 = z.string().max(255);
/** A JSON object that may be absent or null, both of which mean empty. */
const emptyable = jsonObject.nullish().transform((value) => value ?? {});

const interfaceName = z.string().nullish();
const interfaceNames = {
  bios_interface: interfaceName,
  boot_interface: interfaceName,
  console_interface: interfaceName,
  deploy_interface: interfaceName,
  inspect_interface: interfaceName,
  management_interface: interfaceName,
  network_interface: interfaceName,
  power_interface: interfaceName,
  raid_interface: interfaceName,
  rescue_interface: interfaceName,
  storage_interface: interfaceName,
  vendor_interface: interfaceName,
};

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
  description: z.string().max(4096).nullish(),
  ...interfaceNames,
});

/** What PATCH can write besides. */
export const nodePatched = nodeWrite.extend({
  protected: bool.nullish(),
  protected_reason: z.string().nullish(),
});

/** A MAC, or the datapath id of an OpenFlow switch. */
const switchId = z.union([mac, z.string().regex(/^0x[0-9a-f]{16}$/i)], {
  error: 'Expected a MAC address or an OpenFlow datapath id.',
});

/** Which port of which switch a NIC is plugged into; empty when unknown. */
const localLink = z
  .strictObject({
    switch_id: switchId.optional(),
    port_id: z.string().optional(),
    switch_info: z.string().optional(),
  })
  .nullish()
  .transform((link): Record<string, unknown> => link ?? {})
  .refine((link) => Object.keys(link).length === 0 || ('switch_id' in link && 'port_id' in link), {
    error: 'switch_id and port_id are both needed.',
  });

/** The fields of a port that clients write. */
export const portWrite = z.strictObject({
  uuid: uuid.optional(),
  address: mac,
  node_uuid: uuid,
  extra: emptyable,
  pxe_enabled: bool.nullish().transform((value) => value ?? true),
  local_link_connection: localLink,
  portgroup_uuid: uuid.nullish(),
  physical_network: z.string().max(64).nullish(),
});

/** The fields of a portgroup that clients write. */
export const portgroupWrite = z.strictObject({
  uuid: uuid.optional(),
  node_uuid: uuid,
  name: z.string().nullish(),
  address: mac.nullish(),
  mode: z
    .string()
    .nullish()
    .transform((value) => value ?? 'active-backup'),
  properties: emptyable,
  extra: emptyable,
  standalone_ports_supported: bool.nullish().transform((value) => value ?? true),
});

/** The fields of a volume connector that clients write. */
export const volumeConnectorWrite = z.strictObject({
  uuid: uuid.optional(),
  node_uuid: uuid,
  type: z.enum(['iqn', 'ip', 'mac', 'wwnn', 'wwpn']),
  connector_id: text255.min(1),
  extra: emptyable,
});

/** The fields of a volume target that clients write. */
export const volumeTargetWrite = z.strictObject({
  uuid: uuid.optional(),
  node_uuid: uuid,
  volume_type: text255.min(1),
  volume_id: text255.min(1),
  boot_index: z.coerce.number().int().min(0),
  properties: emptyable,
  extra: emptyable,
});

/** `PUT traits`. */
export const traitList = z.strictObject({ traits: z.array(z.string()) });

/** `POST vifs`: more keys may come with it. */
export const vifAttach = z.looseObject({ id: text255.min(1) });

/** The fields of a chassis that clients write. */
export const chassisWrite = z.strictObject({
  uuid: uuid.optional(),
  description: text255.nullish(),
  extra: emptyable,
});

/** RFC 6902 with the operations and paths that Ironic allows. */
export const jsonPatch = z
  .array(
    z
      .object({
        op: z.enum(['add', 'replace', 'remove']),
        path: z.string().regex(/^(\/[\w-]+)+$/),
        value: z.unknown().optional(),
      })
      .refine((operation) => operation.op === 'remove' || 'value' in operation, {
        error: 'add and replace need a value.',
      }),
  )
  .max(1000);

/** What Ironic's clients can ask for, and no driver here can do. */
export const SOFT_TARGETS = ['soft power off', 'soft rebooting'] as const;

/** `PUT states/power`. */
export const powerChange = z.strictObject({
  target: z.enum([...POWER_TARGETS, ...SOFT_TARGETS]),
  timeout: z.coerce.number().int().min(1).nullish(),
});

/** `PUT states/provision`. */
export const provisionChange = z.strictObject({
  target: z.string(),
  configdrive: z.string().nullish(),
  clean_steps: z.array(z.unknown()).nullish(),
  rescue_password: z.string().nullish(),
});

/** `POST heartbeat`. */
export const heartbeat = z.strictObject({
  callback_url: z.string().min(1),
  agent_version: z.string().nullish(),
});

/** `PUT maintenance`. */
export const maintenanceChange = z
  .strictObject({ reason: z.string().nullish() })
  .nullish()
  .transform((body) => body?.reason ?? null);

/** `PUT management/boot_device`. */
export const bootDeviceChange = z.strictObject({
  boot_device: z.string(),
  persistent: bool.nullish().transform((value) => value ?? false),
});

const wholeNumber = z.coerce.number().int().min(0);

/** What the ramdisk POSTs to `pass_deploy_info`; it may send numbers as text. */
export const deployInfo = z
  .object({
    address: z.union([z.ipv4(), z.ipv6()]),
    key: z.string().min(1).max(255),
    iqn: z.string().min(1).max(223),
    port: wholeNumber.max(65_535).default(3260),
    lun: wholeNumber.max(255).default(1),
    error: z.string().nullish(),
  })
  .transform(({ port, error, ...rest }) => ({
    ...rest,
    listenPort: port,
    ...(error && { error: error.slice(0, 4096) }),
  }));

/** Parses a body. @throws IronpxeError INVALID_REQUEST naming every field that does not fit */
export function parse<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) =>
    [issue.path.join('/'), issue.message].filter(Boolean).join(': '),
  );
  throw new IronpxeError('INVALID_REQUEST', `Invalid input for ${what}: ${faults.join('; ')}`);
}
