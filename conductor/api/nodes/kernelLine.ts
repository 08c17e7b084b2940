import type { Answer, Call } from '../resource.ts';
import { nodeOfPath } from './ident.ts';

/** `GET /v1/nodes/{ident}/kernel_line`: what the node's own system is booted with, and why. */
export async function showKernelLine(call: Call): Promise<Answer> {
  const { line, parts, reason } = await call.conductor.kernelLine(await nodeOfPath(call));
  return { status: 200, body: { line, parts, reason } };
}
