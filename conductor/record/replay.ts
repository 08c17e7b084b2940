import { decide } from '../netboot/dhcp/decide.ts';
import { dhcpConfig, type DhcpConfig } from '../netboot/dhcp/config.ts';
import { decodePacket, encodePacket } from '../netboot/dhcp/packet.ts';
import { decideProxy } from '../netboot/dhcp/proxy.ts';
import type { DhcpSnapshot } from '../netboot/dhcp/snapshot.ts';
import type { LeaseBook, NetbootFacts } from '../netboot/facts.ts';
import type { BootTemplates } from '../netboot/templates/load.ts';
import { LOADER_FILES } from '../netboot/tree/loaders.ts';
import { bootTree } from '../netboot/tree/tree.ts';
import { redact } from './redact.ts';
import type { NetbootRecording, RecordedDhcp, RecordedFile, RecordedOptions } from './recording.ts';

/** One packet, decided again: `difference` says what is otherwise than recorded. */
export type Replayed = {
  readonly atMs: number;
  readonly what: string;
  readonly difference: string | undefined;
};

/**
 * Feeds a recording to the deciders of today, each packet with the grounds and the clock that it was
 * recorded with. No socket is opened and no store is asked.
 */
export async function replay(
  { options, packets }: NetbootRecording,
  templates: BootTemplates,
): Promise<readonly Replayed[]> {
  if (options === null) return [];
  const config = options.dhcp === null ? undefined : configOf(options.dhcp);
  const results: Replayed[] = [];
  for (const packet of packets) {
    if (packet.protocol !== 'dhcp') results.push(await replayFile(packet, options, templates));
    else if (config !== undefined) results.push(replayDhcp(packet, config));
  }
  return results;
}

function configOf({ missingLoaders, ...rest }: NonNullable<RecordedOptions['dhcp']>): DhcpConfig {
  return dhcpConfig({ ...rest, missingLoaders: new Map(Object.entries(missingLoaders)) });
}

function replayDhcp(packet: RecordedDhcp, config: DhcpConfig): Replayed {
  const { atMs, subnet: name } = packet;
  const read = decodePacket(Buffer.from(packet.bytes, 'hex'));
  if (typeof read === 'string') return { atMs, what: 'DHCP', difference: `malformed now: ${read}` };
  const what = `DHCP ${read.type} ${read.mac}`;
  const subnet = config.subnets.find((one) => one.name === name);
  if (subnet === undefined) return { atMs, what, difference: `there is no subnet ${name} now` };
  const snapshot = snapshotOf(packet, config, subnet);
  const decision =
    config.mode === 'proxy' ? decideProxy(read, snapshot, packet.to) : decide(read, snapshot);
  const reply = decision.reply && encodePacket(decision.reply.packet).toString('hex');
  const difference =
    differs('reply', packet.reply, reply ?? null) ??
    differs('leases', packet.leases, decision.leases);
  return { atMs, what, difference };
}

function snapshotOf(
  packet: RecordedDhcp,
  config: DhcpConfig,
  subnet: DhcpSnapshot['subnet'],
): DhcpSnapshot {
  return {
    config,
    subnet,
    nowMs: packet.atMs,
    host: packet.host ?? undefined,
    boot: packet.boot ?? undefined,
    lease: packet.lease ?? undefined,
    holder: packet.holder ?? undefined,
    candidate: packet.candidate ?? undefined,
  };
}

async function replayFile(
  packet: RecordedFile,
  { tree }: RecordedOptions,
  templates: BootTemplates,
): Promise<Replayed> {
  const { atMs, protocol, name } = packet;
  const today = bootTree(factsOf(packet), templates, { ...tree, loaders: LOADER_FILES });
  const answer = await today.resolve(name, packet.client ?? undefined);
  const difference = differs('answer', packet.answer, redact(answer));
  return { atMs, what: `${protocol.toUpperCase()} ${name}`, difference };
}

/** A world that knows what was known of this machine, and nothing else. */
function factsOf({ lease, host, boot }: RecordedFile): NetbootFacts {
  const leases: LeaseBook = {
    byMac: async () => lease ?? undefined,
    byAddress: async () => lease ?? undefined,
    nextFree: async () => undefined,
    put: async () => undefined,
  };
  return {
    leases,
    hostByMac: async () => host ?? undefined,
    bootFactsByMac: async () => boot ?? undefined,
    bootFactsByNode: async (nodeUuid) => (boot?.nodeUuid === nodeUuid ? boot : undefined),
    observe: () => undefined,
  };
}

/** Compared as JSON: what is `undefined` is not recorded. */
function differs(what: string, recorded: unknown, today: unknown): string | undefined {
  const [before, now] = [stable(recorded), stable(today)];
  return before === now ? undefined : `${what}: recorded ${before}, now ${now}`;
}

function stable(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => a.localeCompare(b)))
      : inner,
  );
}
