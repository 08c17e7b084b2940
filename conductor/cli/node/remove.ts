import { IronpxeError } from '../../errors/error.ts';
import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { nodePath, readNode } from '../nodes.ts';
import { requiredArg } from './common.ts';

/** `ironpxe node delete` */
export const nodeDelete: Command = {
  name: 'node delete',
  summary: 'Forget a node and its ports',
  args: ['NODE'],
  options: {
    force: { what: 'Whatever its state is; the machine itself is left as it is.' },
  },
  text: 'A node with a deployed system is refused: undeploy it first, or use --force.',
  examples: ['ironpxe node delete rack1-07'],
  run: remove,
};

async function remove(invocation: Invocation): Promise<number> {
  const { client, io, json } = invocation;
  const node = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const path = nodePath(node.uuid);
  if (node.provision_state === 'active' && !invocation.flag('force'))
    throw new IronpxeError(
      'NODE_NOT_REMOVABLE',
      `${node.name ?? node.uuid} is active: a system is deployed on it.`,
    );
  if (invocation.flag('force'))
    await client.send('PUT', `${path}/maintenance`, { reason: 'removed with --force' });
  await client.send('DELETE', path);
  io.out(
    json ? `${JSON.stringify({ removed: node.uuid })}\n` : `${node.name ?? node.uuid} removed\n`,
  );
  return EXIT.ok.status;
}
