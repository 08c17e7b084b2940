import type { Database } from '../../store/database.ts';
import { earlierBoots, eventsOfNobody, eventsOfOperation, latestBoot } from '../../store/boots.ts';
import { latestOperation } from '../../store/latest.ts';
import { listPorts } from '../../store/ports.ts';
import type { Node, Operation } from '../../store/types.ts';
import { asksAsFirmware, type TimelineEntry } from '../../timeline/entry.ts';
import { isSlow, usualTimes, type UsualTimes } from '../../timeline/history.ts';
import { durationMs, phasesOf, type Phase, withoutWaiting } from '../../timeline/phases.ts';
import type { Transfer } from '../../timeline/transfers.ts';
import type { BootStory } from '../../why/boot.ts';
import { type Explanation, explainBoot } from '../../why/explain.ts';
import type { Answer, Call } from '../resource.ts';
import { badBootFiles } from './bootFiles.ts';
import { nodeOfPath } from './ident.ts';

/** So many earlier boots are compared with. */
const MOST_COMPARED = 10;
/** So many entries of unknown machines are looked through. */
const MOST_STRANGERS = 500;

type Compared = {
  readonly of: 'node' | 'model';
  readonly boots: number;
  readonly usual: UsualTimes;
};

/** `GET /v1/nodes/{ident}/timeline/phases`: the last boot in phases, with how long they take usually. */
export async function showPhases(call: Call): Promise<Answer> {
  const node = await nodeOfPath(call);
  const operation = await latestBoot(call.database, node.uuid);
  if (operation === undefined) return { status: 200, body: { operation: null, phases: [] } };
  const nowMs = Date.now();
  const begun = phasesOf(await eventsOfOperation(call.database, operation));
  const phases = operation.endedAt === null ? begun : withoutWaiting(begun, nowMs);
  const compared = await compare(call.database, node, operation);
  const body = {
    operation: operationJson(operation),
    compared_with: { of: compared.of, boots: compared.boots },
    phases: phases.map((phase) => phaseJson(phase, compared.usual, nowMs)),
  };
  return { status: 200, body };
}

/** `GET /v1/nodes/{ident}/why`: what the timeline says about why the last boot failed or hangs. */
export async function explainNode(call: Call): Promise<Answer> {
  const node = await nodeOfPath(call);
  const operation = await operationToExplain(call.database, node.uuid);
  const body =
    operation === undefined ? NOTHING : explainBoot(await storyOf(call.database, node, operation));
  return { status: 200, body: { operation: operation ? operationJson(operation) : null, ...body } };
}

const NOTHING: Explanation = {
  outcome: 'well',
  known: ['No boot of this machine was asked for yet.'],
  code: null,
  title: null,
  certainty: null,
  cause: null,
  evidence: [],
  confirm: null,
  fix: null,
  page: null,
};

/** The last operation; one that boots nothing and ended well hides no boot before it. */
async function operationToExplain(
  database: Database,
  nodeUuid: string,
): Promise<Operation | undefined> {
  const latest = await latestOperation(database, nodeUuid);
  if (latest === undefined || latest.status === 'failed' || latest.status === 'failing')
    return latest;
  return latestBoot(database, nodeUuid);
}

async function compare(database: Database, node: Node, operation: Operation): Promise<Compared> {
  const { of, boots } = await earlierBoots(database, node, operation, MOST_COMPARED);
  const entries = await Promise.all(boots.map((boot) => eventsOfOperation(database, boot)));
  return { of, boots: boots.length, usual: usualTimes(entries) };
}

/** The story of the last boot as JSON; `undefined` when there was none. */
export async function storyToRecord(database: Database, node: Node) {
  const operation = await operationToExplain(database, node.uuid);
  if (operation === undefined) return undefined;
  const story = await storyOf(database, node, operation);
  const { verb, status, error } = operation;
  return { ...story, operation: { verb, status, error }, usual: [...story.usual] };
}

/** All that an explanation rests on, read from the store. */
async function storyOf(database: Database, node: Node, operation: Operation): Promise<BootStory> {
  const entries = await eventsOfOperation(database, operation);
  const [first, last] = [entries.at(0)?.id ?? 0, entries.at(-1)?.id ?? 0];
  const ended = operation.endedAt !== null;
  const [ports, strangers, compared, badFiles] = await Promise.all([
    listPorts(database, { nodeUuid: node.uuid }),
    eventsOfNobody(
      database,
      { afterId: first - STRANGERS_BEFORE, beforeId: ended ? last + 1 : Number.MAX_SAFE_INTEGER },
      MOST_STRANGERS,
    ),
    compare(database, node, operation),
    badBootFiles(entries),
  ]);
  return {
    node: { name: node.name ?? node.uuid, powerState: node.powerState },
    operation,
    entries,
    strangers,
    ports: ports.map(({ address, pxeEnabled }) => ({ address, pxeEnabled })),
    badFiles,
    bootedBefore: await bootedBefore(database, node.uuid, first),
    usual: compared.usual,
    nowMs: Date.now(),
  };
}

/** Ids are shared by all nodes; so many before the operation cover its last minutes. */
const STRANGERS_BEFORE = 5000;

async function bootedBefore(database: Database, nodeUuid: string, id: number): Promise<boolean> {
  const seen: readonly TimelineEntry[] = (
    await database
      .selectFrom('events')
      .selectAll()
      .where('nodeUuid', '=', nodeUuid)
      .where('kind', '=', 'dhcp.discover')
      .where('id', '<', id)
      .orderBy('id', 'desc')
      .limit(50)
      .execute()
  ).map((row) => ({ ...row, data: JSON.parse(row.data) }));
  return seen.some(asksAsFirmware);
}

function operationJson({ uuid, verb, status, error, startedAt, endedAt }: Operation) {
  return { uuid, verb, status, error, started_at: startedAt, ended_at: endedAt };
}

function phaseJson(phase: Phase, usual: UsualTimes, nowMs: number) {
  return {
    name: phase.name,
    title: phase.title,
    start: phase.start,
    status: phase.status,
    started_at: isoTime(phase.startedAtMs),
    ended_at: isoTime(phase.endedAtMs),
    duration_ms: durationMs(phase) ?? null,
    usual_ms: usual.get(phase.name)?.medianMs ?? null,
    slow: isSlow(phase, usual, nowMs),
    why: phase.why ?? null,
    parts: phase.parts.map(({ name, tookMs }) => ({ name, duration_ms: tookMs })),
    transfers: phase.transfers.map(transferJson),
  };
}

function transferJson(transfer: Transfer) {
  return {
    file: transfer.file,
    protocol: transfer.protocol,
    status: transfer.status,
    started_at: isoTime(transfer.startedAtMs),
    ended_at: isoTime(transfer.endedAtMs),
    size_bytes: transfer.sizeBytes ?? null,
    bytes_per_second: transfer.bytesPerSecond ?? null,
    blksize: transfer.blksize ?? null,
    windowsize: transfer.windowsize ?? null,
    retries: transfer.retries,
    why: transfer.why ?? null,
  };
}

function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
