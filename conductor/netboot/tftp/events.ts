import type { EventKind, NewEvent } from '../../events/kinds.ts';
import { formatBytes } from '../../values/units.ts';
import type { Ipv4 } from '../../values/ipv4.ts';
import type { TreeRefusal } from '../tree/tree.ts';
import type { TftpTerms } from './negotiate.ts';

/** What is known of a transfer that was admitted. */
export type TransferAbout = {
  readonly nodeUuid: string | undefined;
  readonly sizeBytes: number;
  readonly terms: TftpTerms;
};

/** Writes one request's entries into the timeline. */
export type TftpEvents = {
  started(about: TransferAbout): void;
  /** `retries`: how often the server had to send again. */
  done(about: TransferAbout, durationMs: number, retries: number): void;
  failed(about: TransferAbout, why: string): void;
  /** Refused before anything was sent. What was only searched for makes no entry. */
  refused(nodeUuid: string | undefined, why: string, refusal?: TreeRefusal): void;
};

/** The timeline entries for a request of `fileName` by `client`. */
export function tftpEvents(
  observe: (event: NewEvent) => void,
  fileName: string,
  client: Ipv4,
): TftpEvents {
  const name = fileName.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 255);
  const tell = (
    kind: EventKind,
    nodeUuid: string | undefined,
    message: string,
    data: Record<string, unknown>,
  ): void =>
    observe({
      kind,
      nodeUuid,
      message: `TFTP ${name}: ${message}`,
      data: { file: name, client, ...data },
    });
  return {
    started: ({ nodeUuid, ...about }) =>
      tell('tftp.started', nodeUuid, `sending ${formatBytes(about.sizeBytes)}`, termsData(about)),
    done: ({ nodeUuid, ...about }, durationMs, retries) => {
      const bytesPerSecond = Math.round((about.sizeBytes * 1000) / Math.max(durationMs, 1));
      const message = `${formatBytes(about.sizeBytes)} sent, ${formatBytes(bytesPerSecond)}/s`;
      const data = {
        ...termsData(about),
        durationMs: Math.round(durationMs),
        bytesPerSecond,
        ...(retries > 0 && { retries }),
      };
      tell('tftp.done', nodeUuid, message, data);
    },
    failed: ({ nodeUuid, ...about }, why) =>
      tell('tftp.failed', nodeUuid, why, { ...termsData(about), why }),
    refused: (nodeUuid, why, refusal) =>
      refusal === 'searched' ? undefined : tell('tftp.failed', nodeUuid, why, { why }),
  };
}

function termsData({ sizeBytes, terms }: Omit<TransferAbout, 'nodeUuid'>): Record<string, number> {
  return { sizeBytes, blksize: terms.blksize, windowsize: terms.windowsize };
}
