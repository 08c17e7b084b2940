import type { Answer, Call } from '../resource.ts';
import { indicatorChange, parse } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';
import { unsupported } from './management.ts';

/** `GET /v1/nodes/{ident}/management/indicators`: no driver here can switch lamps. */
export async function listIndicators(call: Call): Promise<Answer> {
  await nodeOfPath(call);
  return { status: 200, body: { indicators: [] } };
}

/** `PUT /v1/nodes/{ident}/management/indicators/{indicator}` */
export async function changeIndicator(call: Call): Promise<Answer> {
  parse(indicatorChange, call.body, 'indicator');
  throw unsupported(await nodeOfPath(call), 'set_indicator_state');
}
