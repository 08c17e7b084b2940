import { IronpxeError } from '../../errors/error.ts';
import { MINOR } from '../gates.ts';
import type { Answer, Call } from '../resource.ts';
import { parse, vifAttach } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';

/** `GET /v1/nodes/{ident}/vifs` */
export async function listVifs(call: Call): Promise<Answer> {
  const vifs = await call.conductor.listVifs(await nodeOfPath(call));
  return { status: 200, body: { vifs: vifs.map((id) => ({ id })) } };
}

/** `POST /v1/nodes/{ident}/vifs` */
export async function attachVif(call: Call): Promise<Answer> {
  const wanted = parse(vifAttach, call.body, 'vif');
  const place = call.minor >= MINOR.vifPlace ? wanted : {};
  const portUuid = uuidIn(place, 'port_uuid');
  const portgroupUuid = uuidIn(place, 'portgroup_uuid');
  if (portUuid !== undefined && portgroupUuid !== undefined)
    throw new IronpxeError(
      'INVALID_REQUEST',
      'Cannot specify both port_uuid and portgroup_uuid: a VIF goes to one of them.',
    );
  const node = await nodeOfPath(call);
  await call.conductor.attachVif(node, { vif: wanted.id, portUuid, portgroupUuid });
  return { status: 204 };
}

/** `DELETE /v1/nodes/{ident}/vifs/{vif}` */
export async function detachVif(call: Call): Promise<Answer> {
  await call.conductor.detachVif(await nodeOfPath(call), call.params['vif'] ?? '');
  return { status: 204 };
}

function uuidIn(body: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = body[key];
  return typeof value === 'string' ? value : undefined;
}
