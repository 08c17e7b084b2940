import { encodePacket } from '../netboot/dhcp/packet.ts';
import type { DhcpConfig } from '../netboot/dhcp/config.ts';
import type { DhcpOptions } from '../netboot/dhcp/config.ts';
import type { DhcpSeen, FileSeen, NetbootTap } from '../netboot/tap.ts';
import type { TreeOptions } from '../netboot/tree/tree.ts';
import { redact } from './redact.ts';
import type { NetbootRecording, RecordedOptions, RecordedPacket } from './recording.ts';

/** What all recordings together may take; the oldest packets go first. */
const MOST_BYTES = 16 * 1024 * 1024;

/** How the services are started. */
export type RecorderOptions = {
  readonly dhcp: DhcpOptions | undefined;
  readonly tree: Omit<TreeOptions, 'loaders'>;
};

/** Keeps the last packets of all machines in memory, without secrets. */
export class Recorder implements NetbootTap {
  readonly #options: RecorderOptions;
  readonly #kept: { readonly nodeUuid: string; readonly json: string }[] = [];
  readonly #mostBytes: number;
  readonly #nowMs: () => number;
  #bytes = 0;
  #config: DhcpConfig | undefined;

  constructor(options: RecorderOptions, mostBytes = MOST_BYTES, nowMs: () => number = Date.now) {
    this.#options = options;
    this.#mostBytes = mostBytes;
    this.#nowMs = nowMs;
  }

  dhcp({ bytes, to, snapshot, decision }: DhcpSeen): void {
    const { host, boot, lease, holder, candidate, subnet, nowMs: atMs, config } = snapshot;
    this.#config = config;
    // Unknown machines would push out what is known; their events say enough.
    if (host === undefined) return;
    const { reply, leases } = decision;
    this.#keep(host.nodeUuid, {
      protocol: 'dhcp',
      atMs,
      bytes: bytes.toString('hex'),
      to,
      subnet: subnet.name,
      host,
      boot: boot ?? null,
      lease: lease ?? null,
      holder: holder ?? null,
      candidate: candidate ?? null,
      reply: reply === undefined ? null : encodePacket(reply.packet).toString('hex'),
      leases,
    });
  }

  file({ protocol, name, client, lease, host, boot, answer }: FileSeen): void {
    const nodeUuid = answer.nodeUuid ?? host?.nodeUuid;
    if (nodeUuid === undefined) return;
    this.#keep(nodeUuid, {
      protocol,
      atMs: this.#nowMs(),
      name,
      client: client ?? null,
      lease: lease ?? null,
      host: host ?? null,
      boot: boot ?? null,
      answer,
    });
  }

  /** The packets of a node that are still kept, from a time on. */
  recordingOf(nodeUuid: string, fromMs = 0): NetbootRecording {
    const packets = this.#kept
      .filter((one) => one.nodeUuid === nodeUuid)
      .map(({ json }) => JSON.parse(json) as RecordedPacket)
      .filter(({ atMs }) => atMs >= fromMs);
    return { options: this.#recordedOptions(), packets };
  }

  #recordedOptions(): RecordedOptions {
    const { dhcp, tree } = this.#options;
    const missing = this.#config?.missingLoaders ?? new Map<string, string>();
    if (dhcp === undefined) return { dhcp: null, tree };
    return { dhcp: { ...dhcp, missingLoaders: Object.fromEntries(missing) }, tree };
  }

  #keep(nodeUuid: string, packet: RecordedPacket): void {
    const json = JSON.stringify(redact(packet));
    this.#kept.push({ nodeUuid, json });
    this.#bytes += json.length;
    while (this.#bytes > this.#mostBytes) this.#bytes -= this.#kept.shift()?.json.length ?? 0;
  }
}
