import type { Command, Invocation } from '../command.ts';
import { type FollowedNode, lastEventId } from '../follow.ts';
import { readNode } from '../nodes.ts';
import { failedState, finish, NO_WAIT, requiredArg, startVerb, watch } from './common.ts';

/** `ironpxe node undeploy` */
export const nodeUndeploy: Command = {
  name: 'node undeploy',
  summary: 'Take the deployed system off a machine',
  args: ['NODE'],
  options: { ...NO_WAIT },
  text: 'Powers the machine off, forgets what it boots, and makes it available again.',
  examples: ['ironpxe node undeploy rack1-07'],
  run: undeploy,
};

async function undeploy(invocation: Invocation): Promise<number> {
  const { client } = invocation;
  const node = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const afterId = await lastEventId(client, node.uuid);
  await startVerb(invocation, node.uuid, 'deleted');
  const name = node.name ?? node.uuid;
  if (invocation.flag('no-wait'))
    return finish(invocation, await readNode(client, node.uuid), `undeploy of ${name} begun.`);
  const ended = await watch(invocation, node.uuid, { afterId, until: isEnd });
  if (!['available', 'manageable'].includes(ended.provision_state)) throw failedState(ended);
  return finish(invocation, ended, `${name} is ${ended.provision_state}.`);
}

function isEnd(node: FollowedNode): boolean {
  return !['deleting', 'cleaning', 'clean wait', 'clean hold'].includes(node.provision_state);
}
