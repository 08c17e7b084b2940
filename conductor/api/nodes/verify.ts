import type { Answer, Call } from '../resource.ts';
import { nodeOfPath } from './ident.ts';

/**
 * `POST /v1/nodes/{ident}/verify`: boots the ramdisk of an active node, compares its disk with what
 * was deployed, and boots its system again. In Ironic's states this is a service.
 */
export async function verifyNode(call: Call): Promise<Answer> {
  await call.conductor.provision(await nodeOfPath(call), 'service', {});
  return { status: 202 };
}
