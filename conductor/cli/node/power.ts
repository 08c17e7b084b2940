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
  'soft-off': 'soft power off',
  'soft-reboot': 'soft rebooting',
};

const WANTED = 'on, off, reboot, soft-off, soft-reboot, status, confirm or decline';

/** `ironpxe node power` */
export const nodePower: Command = {
  name: 'node power',
  summary: 'Switch a machine on or off, reboot it, or ask for its power state',
  args: ['NODE', 'ACTION'],
  options: {
    ...NO_WAIT,
    reason: { value: 'TEXT', what: 'With decline: why the machine cannot be switched.' },
  },
  text: `ACTION is on, off, reboot, soft-off, soft-reboot, status, confirm or decline.
Returns when the machine was read back in the wanted state. "confirm" and "decline" answer
what the driver manual asks people to do.`,
  examples: ['ironpxe node power rack1-07 on', 'ironpxe node power rack1-07 status'],
  run: power,
};

async function power(invocation: Invocation): Promise<number> {
  const { client } = invocation;
  const ident = requiredArg(invocation, 0, 'NODE');
  const wanted = requiredArg(invocation, 1, WANTED);
  const target = Object.hasOwn(TARGETS, wanted) ? TARGETS[wanted] : undefined;
  const answers = wanted === 'confirm' || wanted === 'decline';
  if (wanted !== 'status' && !answers && target === undefined)
    throw new IronpxeError('CLI_USAGE', `"${wanted}": expected ${WANTED}.`);
  const node = await readNode(client, ident);
  const name = node.name ?? node.uuid;
  if (answers) return answer(invocation, node, wanted === 'confirm');
  if (target === undefined) return status(invocation, node.power_state);
  const afterId = await lastEventId(client, node.uuid);
  await client.send('PUT', `${nodePath(node.uuid)}/states/power`, { target });
  if (invocation.flag('no-wait'))
    return finish(invocation, await readNode(client, node.uuid), `${target} of ${name} begun.`);
  const ended = await watch(invocation, node.uuid, {
    afterId,
    until: (now) => now.target_power_state === null,
  });
  const expected = wanted.endsWith('off') ? 'power off' : 'power on';
  if (ended.power_state !== expected)
    throw new IronpxeError(
      'OPERATION_FAILED',
      `${name} is ${ended.power_state ?? 'in an unknown power state'}, expected ${expected}: ${ended.last_error ?? 'no reason was given'}`,
    );
  return finish(invocation, ended, `${name}: ${ended.power_state}`);
}

/** Answers the request of the driver manual. */
async function answer(
  invocation: Invocation,
  { uuid }: { readonly uuid: string },
  done: boolean,
): Promise<number> {
  const { client } = invocation;
  const reason = invocation.text('reason') ?? 'it cannot be switched now';
  const body = done ? { done } : { done, reason };
  await client.send('PUT', `${nodePath(uuid)}/states/power/confirmation`, body);
  const shown = await readNode(client, uuid);
  return finish(invocation, shown, done ? 'Confirmed.' : 'Declined.');
}

function status(invocation: Invocation, state: string | null): number {
  const { io, json } = invocation;
  io.out(json ? `${JSON.stringify({ power_state: state })}\n` : `${state ?? 'unknown'}\n`);
  return EXIT.ok.status;
}
