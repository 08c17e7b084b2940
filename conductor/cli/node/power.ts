import { IronpxeError } from '../../errors/error.ts';
import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { lastEventId } from '../follow.ts';
import { nodePath, readNode } from '../nodes.ts';
import { finish, NO_WAIT, requiredArg, watch } from './common.ts';

const TARGETS: Readonly<Record<string, string>> = {
  on: 'power on',
  off: 'power off',
  reboot: 'rebooting',
};

/** `ironpxe node power` */
export const nodePower: Command = {
  name: 'node power',
  summary: 'Switch a machine on or off, reboot it, or ask for its power state',
  args: ['NODE', 'on|off|reboot|status'],
  options: { ...NO_WAIT },
  text: 'Returns when the machine was read back in the wanted state.',
  examples: ['ironpxe node power rack1-07 on', 'ironpxe node power rack1-07 status'],
  run: power,
};

async function power(invocation: Invocation): Promise<number> {
  const { client } = invocation;
  const ident = requiredArg(invocation, 0, 'NODE');
  const wanted = requiredArg(invocation, 1, 'on, off, reboot or status');
  const target = Object.hasOwn(TARGETS, wanted) ? TARGETS[wanted] : undefined;
  if (wanted !== 'status' && target === undefined)
    throw new IronpxeError('CLI_USAGE', `"${wanted}": expected on, off, reboot or status.`);
  const node = await readNode(client, ident);
  const name = node.name ?? node.uuid;
  if (target === undefined) return status(invocation, node.power_state);
  const afterId = await lastEventId(client, node.uuid);
  await client.send('PUT', `${nodePath(node.uuid)}/states/power`, { target });
  if (invocation.flag('no-wait'))
    return finish(invocation, await readNode(client, node.uuid), `${target} of ${name} begun.`);
  const ended = await watch(invocation, node.uuid, {
    afterId,
    until: (now) => now.target_power_state === null,
  });
  const expected = wanted === 'off' ? 'power off' : 'power on';
  if (ended.power_state !== expected)
    throw new IronpxeError(
      'OPERATION_FAILED',
      `${name} is ${ended.power_state ?? 'in an unknown power state'}, expected ${expected}: ${ended.last_error ?? 'no reason was given'}`,
    );
  return finish(invocation, ended, `${name}: ${ended.power_state}`);
}

function status(invocation: Invocation, state: string | null): number {
  const { io, json } = invocation;
  io.out(json ? `${JSON.stringify({ power_state: state })}\n` : `${state ?? 'unknown'}\n`);
  return EXIT.ok.status;
}
