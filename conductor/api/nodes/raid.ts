import { IronpxeError } from '../../errors/error.ts';
import { updateNode } from '../../store/nodes.ts';
import type { Answer, Call } from '../resource.ts';
import { parse, raidConfig } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';
import { driverOfNode, unsupported } from './management.ts';

/** `PUT /v1/nodes/{ident}/states/raid`: what the next clean step of the RAID interface makes. */
export async function changeRaid(call: Call): Promise<Answer> {
  const node = await nodeOfPath(call);
  const { raidProperties } = driverOfNode(call, node);
  if (raidProperties === undefined || node.interfaces.raid === 'no-raid')
    throw new IronpxeError('RAID_UNSUPPORTED', unsupported(node, 'set_target_raid_config').message);
  const wanted = parse(raidConfig, call.body, 'target_raid_config');
  await call.conductor.whileLocked(node, async () => {
    await updateNode(call.database, node.uuid, { targetRaidConfig: wanted });
  });
  return { status: 204 };
}
