import { IronpxeError } from '../../errors/error.ts';
import { type FirmwareComponent, listFirmwareComponents } from '../../store/firmwareComponents.ts';
import type { JsonObject } from '../../store/types.ts';
import { wireTime } from '../links.ts';
import type { Answer, Call } from '../resource.ts';
import { bool, parse } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';

/** Field on the wire → what stands in it. */
const FIELDS: Readonly<Record<string, (component: FirmwareComponent) => string | null>> = {
  component: ({ component }) => component,
  initial_version: ({ initialVersion }) => initialVersion,
  current_version: ({ currentVersion }) => currentVersion,
  last_version_flashed: ({ lastVersionFlashed }) => lastVersionFlashed,
};

/** Times are told whatever fields are asked for, as Ironic tells them. */
const TIMES: typeof FIELDS = {
  created_at: ({ createdAt }) => wireTime(createdAt),
  updated_at: ({ updatedAt }) => wireTime(updatedAt),
};

/** `GET /v1/nodes/{ident}/firmware`: what was read last; empty where the driver tells nothing. */
export async function listFirmware(call: Call): Promise<Answer> {
  const names = wantedNames(call);
  const node = await nodeOfPath(call);
  const components = await listFirmwareComponents(call.database, node.uuid);
  return { status: 200, body: { firmware: components.map((one) => rendered(one, names)) } };
}

/** @throws IronpxeError INVALID_REQUEST */
function wantedNames({ query }: Call): readonly string[] {
  const { detail, fields, ...others } = query;
  const all = Object.keys(FIELDS);
  const stray = Object.keys(others);
  if (stray.length > 0)
    throw new IronpxeError('INVALID_REQUEST', `Unexpected arguments: ${stray.join(', ')}.`);
  const whole = detail !== undefined && parse(bool, detail, 'detail');
  if (fields === undefined) return all;
  if (whole)
    throw new IronpxeError('INVALID_REQUEST', "Can't fetch a subset of fields with detail set.");
  const names = fields.toLowerCase().split(',').filter(Boolean);
  const known = [...all, ...Object.keys(TIMES)];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return names;
  throw new IronpxeError(
    'INVALID_REQUEST',
    `Field(s) "${unknown.join(', ')}" are not valid; known are ${known.join(', ')}.`,
  );
}

function rendered(component: FirmwareComponent, names: readonly string[]): JsonObject {
  const chosen = Object.entries(FIELDS).filter(([name]) => names.includes(name));
  return Object.fromEntries(
    [...chosen, ...Object.entries(TIMES)].map(([name, read]) => [name, read(component)]),
  );
}
