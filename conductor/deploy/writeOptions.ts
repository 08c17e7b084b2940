import { z } from 'zod';
import type { Config } from '../config/schema.ts';
import { IronpxeError } from '../errors/error.ts';
import type { Node } from '../store/types.ts';

const verify = z.enum(['full', 'written', 'off']);
const write = z.enum(['delta', 'full']);
/** Clients that set fields one by one send texts. */
const relay = z.union([z.boolean(), z.stringbool()]);

export type VerifyMode = z.output<typeof verify>;
export type WriteMode = z.output<typeof write>;

/**
 * What is read back after a write: `instance_info/ironpxe_verify`, else that of `driver_info`, else
 * the configuration. @throws IronpxeError DEPLOY_PARAMETER_INVALID
 */
export function verifyMode(node: Node, config: Config): VerifyMode {
  const own = option(verify, node, 'instanceInfo', 'ironpxe_verify');
  return own ?? option(verify, node, 'driverInfo', 'ironpxe_verify') ?? config.deploy.verify;
}

/**
 * Whether what the disk holds already is left alone: `instance_info/ironpxe_write`, else the
 * configuration. @throws IronpxeError DEPLOY_PARAMETER_INVALID
 */
export function writeMode(node: Node, config: Config): WriteMode {
  return option(write, node, 'instanceInfo', 'ironpxe_write') ?? config.deploy.write;
}

/**
 * Whether other machines may feed this one, and it them: `instance_info/ironpxe_relay`, else that of
 * `driver_info`, else the configuration. @throws IronpxeError DEPLOY_PARAMETER_INVALID
 */
export function wantsRelay(node: Node, config: Config): boolean {
  const own = option(relay, node, 'instanceInfo', 'ironpxe_relay');
  return own ?? option(relay, node, 'driverInfo', 'ironpxe_relay') ?? config.deploy.relay;
}

function option<T>(
  schema: z.ZodType<T>,
  node: Node,
  field: 'instanceInfo' | 'driverInfo',
  key: string,
): T | undefined {
  const value = node[field][key];
  if (value === undefined || value === null) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const name = field === 'instanceInfo' ? 'instance_info' : 'driver_info';
  throw new IronpxeError(
    'DEPLOY_PARAMETER_INVALID',
    `${name}/${key}: found ${JSON.stringify(value)}, ${parsed.error.issues[0]?.message}.`,
  );
}
