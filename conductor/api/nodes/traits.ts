import { IronpxeError } from '../../errors/error.ts';
import { appendEvent } from '../../store/events.ts';
import { listTraits, setTraits } from '../../store/traits.ts';
import type { Node } from '../../store/types.ts';
import type { Answer, Call } from '../resource.ts';
import { parse, traitList } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';

const MAX_TRAITS = 50;
/** Standard traits come from os-traits' name spaces; all others begin with CUSTOM_. */
const TRAIT = /^(?:CUSTOM|HW|COMPUTE|STORAGE|MISC|OWNER)_[A-Z0-9_]+$/;

/** `GET /v1/nodes/{ident}/traits` */
export async function showTraits(call: Call): Promise<Answer> {
  const { uuid } = await nodeOfPath(call);
  return { status: 200, body: { traits: await listTraits(call.database, uuid) } };
}

/** `PUT /v1/nodes/{ident}/traits`: these and no others. */
export async function replaceTraits(call: Call): Promise<Answer> {
  const { traits } = parse(traitList, call.body, 'traits');
  return change(call, () => traits);
}

/** `PUT /v1/nodes/{ident}/traits/{trait}` */
export async function addTrait(call: Call): Promise<Answer> {
  const { trait = '' } = call.params;
  if (Object.keys(Object(call.body)).length > 0)
    throw new IronpxeError('INVALID_REQUEST', 'A trait is added without a body.');
  const answer = await change(call, (before) => [...before, trait]);
  return { ...answer, location: `${call.baseUrl}/v1/nodes/${call.params.ident}/traits/${trait}` };
}

/** `DELETE /v1/nodes/{ident}/traits/{trait}` */
export async function removeTrait(call: Call): Promise<Answer> {
  const trait = call.params.trait ?? '';
  return change(call, (before, node) => {
    if (!before.includes(trait))
      throw new IronpxeError(
        'RECORD_NOT_FOUND',
        `Node ${node.uuid} doesn't have a trait '${trait}'`,
      );
    return before.filter((item) => item !== trait);
  });
}

/** `DELETE /v1/nodes/{ident}/traits` */
export async function clearTraits(call: Call): Promise<Answer> {
  return change(call, () => []);
}

async function change(
  call: Call,
  next: (before: readonly string[], node: Node) => readonly string[],
): Promise<Answer> {
  const node = await nodeOfPath(call);
  await call.conductor.whileLocked(node, async () => {
    const traits = next(await listTraits(call.database, node.uuid), node);
    checkTraits(node, traits);
    await call.database.transaction().execute(async (trx) => {
      await setTraits(trx, node.uuid, traits);
      await appendEvent(trx, {
        kind: 'node.updated',
        nodeUuid: node.uuid,
        message: 'changed traits',
        data: { paths: ['/traits'] },
      });
    });
  });
  return { status: 204 };
}

function checkTraits(node: Node, traits: readonly string[]): void {
  const bad = traits.find((trait) => !TRAIT.test(trait) || trait.length > 255);
  if (bad !== undefined)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `Invalid trait ${bad}: expected a standard trait (HW_…, COMPUTE_…), or one that begins with CUSTOM_ and holds A to Z, 0 to 9 and _ only.`,
    );
  if (new Set(traits).size > MAX_TRAITS)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `Error setting traits for node ${node.uuid}: a node has at most ${MAX_TRAITS} traits.`,
    );
}
