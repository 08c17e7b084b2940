import type { Answer, Call } from '../resource.ts';
import { parse, vifAttach } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';

/**
 * The network interface of every node is `noop`: machines stay on the network they are plugged
 * into, so attaching and detaching are accepted and change nothing, as in Ironic.
 */

/** `GET /v1/nodes/{ident}/vifs` */
export async function listVifs(call: Call): Promise<Answer> {
  await nodeOfPath(call);
  return { status: 200, body: { vifs: [] } };
}

/** `POST /v1/nodes/{ident}/vifs` */
export async function attachVif(call: Call): Promise<Answer> {
  parse(vifAttach, call.body, 'vif');
  await nodeOfPath(call);
  return { status: 204 };
}

/** `DELETE /v1/nodes/{ident}/vifs/{vif}` */
export async function detachVif(call: Call): Promise<Answer> {
  await nodeOfPath(call);
  return { status: 204 };
}
