import { IronpxeError } from '../../errors/error.ts';
import { type HistoryEntry, listHistory } from '../../store/history.ts';
import { getInventory } from '../../store/inventories.ts';
import type { JsonObject, Node } from '../../store/types.ts';
import { wireTime } from '../links.ts';
import { collection, readPage, refuseUnknown } from '../paging.ts';
import type { Answer, Call } from '../resource.ts';
import { bool, parse } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';

/** Ironic cuts the text of an entry in lists without detail. */
const MAX_TEXT = 255;

/** Kind of event → what Ironic calls it; it calls virtual media nothing. */
const EVENT_TYPES: Readonly<Record<string, string | null>> = {
  'state.changed': 'provisioning',
  'power.changed': 'power',
};

/** An entry is known by the number of its event, in the form of a UUID as Ironic has it. */
const PREFIX = '00000000-0000-8000-8000-';

function uuidOf(id: number): string {
  return `${PREFIX}${id.toString(16).padStart(12, '0')}`;
}

/** The event's number. @throws IronpxeError RECORD_NOT_FOUND for a UUID that is none of ours */
function idOf(uuid: string): number {
  const id = uuid.startsWith(PREFIX) ? Number.parseInt(uuid.slice(PREFIX.length), 16) : Number.NaN;
  if (Number.isNaN(id)) throw notFound(uuid);
  return id;
}

function notFound(uuid: string): IronpxeError {
  return new IronpxeError('RECORD_NOT_FOUND', `Node history record ${uuid} could not be found.`);
}

/** `GET /v1/nodes/{ident}/history`: the failures of a node, oldest first. */
export async function listNodeHistory(call: Call): Promise<Answer> {
  refuseUnknown(call, []);
  const { limit, marker } = readPage(call, {});
  const detail = parse(bool, call.query.detail ?? false, 'detail');
  const node = await nodeOfPath(call);
  const entries = await listHistory(call.database, node.uuid, {
    limit,
    ...(marker !== undefined && { afterId: idOf(marker) }),
  });
  const items = entries.map((entry) => rendered(call, node, entry, detail));
  const last = entries.at(-1);
  const list = { name: 'history', path: `nodes/${call.params.ident}/history`, items };
  const body = collection(call, list, { limit, lastUuid: last && uuidOf(last.id) });
  return { status: 200, body };
}

/** `GET /v1/nodes/{ident}/history/{event}` */
export async function showNodeHistory(call: Call): Promise<Answer> {
  const node = await nodeOfPath(call);
  const uuid = call.params.event ?? '';
  const [entry] = await listHistory(call.database, node.uuid, { id: idOf(uuid), limit: 1 });
  if (entry === undefined) throw notFound(uuid);
  return { status: 200, body: rendered(call, node, entry, true) };
}

function rendered(call: Call, node: Node, entry: HistoryEntry, detail: boolean): JsonObject {
  const uuid = uuidOf(entry.id);
  const cut = detail || entry.error.length <= MAX_TEXT;
  return {
    uuid,
    created_at: wireTime(entry.at),
    severity: 'ERROR',
    event: cut ? entry.error : `${entry.error.slice(0, MAX_TEXT - 3)}...`,
    ...(detail && {
      event_type: EVENT_TYPES[entry.kind] ?? null,
      conductor: call.conductor.name,
      user: null,
    }),
    links: [{ href: `${call.baseUrl}/v1/nodes/${node.uuid}/history/${uuid}`, rel: 'self' }],
  };
}

/** `GET /v1/nodes/{ident}/inventory` */
export async function showInventory(call: Call): Promise<Answer> {
  const node = await nodeOfPath(call);
  const { inventory, pluginData } = await getInventory(call.database, node.uuid);
  return { status: 200, body: { inventory, plugin_data: pluginData } };
}
