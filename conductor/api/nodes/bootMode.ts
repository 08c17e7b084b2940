import { IronpxeError } from '../../errors/error.ts';
import { isSettled } from '../../states/index.ts';
import type { Node } from '../../store/types.ts';
import type { Answer, Call } from '../resource.ts';
import { bootModeChange, parse, secureBootChange } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';

/** `PUT /v1/nodes/{ident}/states/boot_mode` */
export async function changeBootMode(call: Call): Promise<Answer> {
  const { target } = parse(bootModeChange, call.body, 'boot mode');
  const node = await settledNode(call);
  await call.conductor.setBootMode(node, target);
  return accepted(call);
}

/** `PUT /v1/nodes/{ident}/states/secure_boot` */
export async function changeSecureBoot(call: Call): Promise<Answer> {
  const { target } = parse(secureBootChange, call.body, 'secure boot');
  const node = await settledNode(call);
  await call.conductor.setSecureBoot(node, target);
  return accepted(call);
}

/** The node of the path. @throws IronpxeError NODE_IN_MOTION while a verb changes the machine */
async function settledNode(call: Call): Promise<Node> {
  const node = await nodeOfPath(call);
  if (isSettled(node.provisionState)) return node;
  throw new IronpxeError(
    'NODE_IN_MOTION',
    `Node ${node.uuid} is in state "${node.provisionState}": its firmware is not changed while it is transitioning.`,
  );
}

function accepted(call: Call): Answer {
  return { status: 202, location: `${call.baseUrl}/v1/nodes/${call.params.ident}/states` };
}
