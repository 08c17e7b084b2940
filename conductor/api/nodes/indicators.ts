import type { Indicators } from '../../drivers/types.ts';
import { IronpxeError } from '../../errors/error.ts';
import type { Node } from '../../store/types.ts';
import { links } from '../links.ts';
import type { Answer, Call } from '../resource.ts';
import { indicatorChange, parse } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';
import { driverOfNode, unsupported } from './management.ts';

/** `GET /v1/nodes/{ident}/management/indicators`: the lamps of a machine, named `lamp@component`. */
export async function listIndicators(call: Call): Promise<Answer> {
  const node = await nodeOfPath(call);
  const indicators = Object.entries(indicatorsOf(call, node, 'get_supported_indicators')).map(
    ([name, { readonly, states }]) => ({
      name,
      component: name.split('@')[1],
      readonly,
      states,
      links: links(call.baseUrl, `nodes/${call.params.ident}/management/indicators/${name}`),
    }),
  );
  return { status: 200, body: { indicators } };
}

/** `GET /v1/nodes/{ident}/management/indicators/{indicator}` */
export async function showIndicator(call: Call): Promise<Answer> {
  const node = await nodeOfPath(call);
  const name = call.params.indicator ?? '';
  const known = indicatorsOf(call, node, 'get_indicator_state');
  const indicator = Object.hasOwn(known, name) ? known[name] : undefined;
  if (indicator === undefined)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `Invalid indicator ${name}: expected one of ${Object.keys(known).join(', ')}.`,
    );
  return { status: 200, body: { state: indicator.state } };
}

/** `PUT /v1/nodes/{ident}/management/indicators/{indicator}`: no driver here can switch lamps. */
export async function changeIndicator(call: Call): Promise<Answer> {
  parse(indicatorChange, call.body, 'indicator');
  throw unsupported(await nodeOfPath(call), 'set_indicator_state');
}

function indicatorsOf(call: Call, node: Node, extension: string): Indicators {
  const { indicators } = driverOfNode(call, node);
  if (indicators === undefined) throw unsupported(node, extension);
  return indicators;
}
