import { randomBytes, timingSafeEqual } from 'node:crypto';
import { IronpxeError } from '../errors/error.ts';
import { type Database, inTransaction } from '../store/database.ts';
import { appendEvent } from '../store/events.ts';
import { getNode, updateNode } from '../store/nodes.ts';
import type { Node } from '../store/types.ts';
import { withoutAgent } from './agent/session.ts';
import type { Heartbeat } from './conductor.ts';

const TOKEN_BYTES = 32;
/** What a second look-up is given: a token was made, and went to the agent that came first. */
const HIDDEN = '******';

/** The agent's token, made and stored when there is none; hidden when there is. */
export async function issueAgentToken(database: Database, nodeUuid: string): Promise<string> {
  const { driverInternalInfo } = await getNode(database, nodeUuid);
  if (driverInternalInfo.agent_secret_token !== undefined) return HIDDEN;
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  await updateNode(database, nodeUuid, {
    driverInternalInfo: { ...driverInternalInfo, agent_secret_token: token },
  });
  return token;
}

/**
 * Forgets the agent of a boot that ends, before the machine is switched: the next one gets a token of
 * its own, and what the old one still sends is refused.
 */
export async function forgetAgent(database: Database, nodeUuid: string): Promise<void> {
  const { driverInternalInfo: known } = await getNode(database, nodeUuid);
  const rest = withoutAgent(known);
  if (Object.keys(rest).length < Object.keys(known).length)
    await updateNode(database, nodeUuid, { driverInternalInfo: rest });
}

/**
 * Stores what an agent reports under the names that Ironic uses in `driver_internal_info`; whoever
 * drives the agent reads it there. @throws IronpxeError AGENT_TOKEN_INVALID, AGENT_URL_CHANGED
 */
export async function takeInHeartbeat(
  database: Database,
  { uuid }: Node,
  heartbeat: Heartbeat,
): Promise<void> {
  await inTransaction(database, async (trx) => {
    const { driverInternalInfo } = await getNode(trx, uuid);
    checkToken(uuid, heartbeat.token, driverInternalInfo.agent_secret_token);
    const known = driverInternalInfo.agent_url;
    if (known !== undefined && known !== heartbeat.callbackUrl)
      throw new IronpxeError(
        'AGENT_URL_CHANGED',
        `Detected change in ramdisk provided "callback_url" of node ${uuid}: found ${heartbeat.callbackUrl}.`,
      );
    if (!heartbeat.expected) return;
    await updateNode(trx, uuid, {
      driverInternalInfo: { ...driverInternalInfo, ...reported(heartbeat) },
    });
    if (known === undefined || heartbeat.status !== null)
      await appendEvent(trx, {
        kind: 'agent.heartbeat',
        nodeUuid: uuid,
        message: heartbeat.statusMessage ?? `agent at ${heartbeat.callbackUrl}`,
        data: { status: heartbeat.status, version: heartbeat.version },
      });
  });
}

function reported(heartbeat: Heartbeat): Record<string, unknown> {
  return {
    agent_url: heartbeat.callbackUrl,
    agent_last_heartbeat: new Date().toISOString(),
    ...(heartbeat.version !== null && { agent_version: heartbeat.version }),
    ...(heartbeat.verifyCa !== null && { agent_verify_ca: heartbeat.verifyCa }),
    ...(heartbeat.status !== null && { agent_status: heartbeat.status }),
    ...(heartbeat.statusMessage !== null && { agent_status_message: heartbeat.statusMessage }),
  };
}

function checkToken(uuid: string, found: string | null, expected: unknown): void {
  const matches =
    found !== null &&
    typeof expected === 'string' &&
    found.length === expected.length &&
    timingSafeEqual(Buffer.from(found), Buffer.from(expected));
  if (matches) return;
  throw new IronpxeError(
    'AGENT_TOKEN_INVALID',
    `Invalid or missing agent token received for node ${uuid}.`,
  );
}
