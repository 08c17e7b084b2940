import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { type FollowedNode, lastEventId } from '../follow.ts';
import type { JsonObject } from '../json.ts';
import { nodePath, readNode } from '../nodes.ts';
import { failedState, finish, NO_WAIT, requiredArg, watch } from './common.ts';

/** `ironpxe node verify` */
export const nodeVerify: Command = {
  name: 'node verify',
  summary: 'Compare the disk of a machine with what was deployed to it',
  args: ['NODE'],
  options: { ...NO_WAIT },
  text: 'Reboots the machine into the ramdisk, which reads the disk and changes nothing, and then into\nits own system again. Exits with 1 when the disk differs.',
  examples: ['ironpxe node verify rack1-07'],
  run: verify,
};

async function verify(invocation: Invocation): Promise<number> {
  const { client } = invocation;
  const node = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const afterId = await lastEventId(client, node.uuid);
  await client.send('POST', `${nodePath(node.uuid)}/verify`);
  const name = node.name ?? node.uuid;
  if (invocation.flag('no-wait'))
    return finish(invocation, await readNode(client, node.uuid), `verify of ${name} begun.`);
  const ended = await watch(invocation, node.uuid, { afterId, until: isEnd });
  if (ended.provision_state !== 'active') throw failedState(ended);
  const after = await readNode(client, node.uuid);
  const drifted = driftOf(after['driver_internal_info'] as JsonObject | undefined);
  finish(invocation, after, drifted.length === 0 ? `${name}: no drift.` : report(name, drifted));
  return drifted.length === 0 ? EXIT.ok.status : EXIT.failed.status;
}

type Range = { readonly start: number; readonly end: number };

function driftOf(info: JsonObject | undefined): readonly Range[] {
  const found = info?.['disk_verification'] as { readonly drifted?: readonly Range[] } | undefined;
  return found?.drifted ?? [];
}

function report(name: string, drifted: readonly Range[]): string {
  const lines = drifted.map(({ start, end }) => `  bytes ${start} to ${end}`);
  return [`${name}: the disk differs in ${drifted.length} ranges.`, ...lines].join('\n');
}

function isEnd(node: FollowedNode): boolean {
  return !node.provision_state.startsWith('servic') || node.provision_state === 'service failed';
}
