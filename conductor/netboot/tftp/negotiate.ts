/** Bounds that the server sets on what clients ask for. */
export type TftpLimits = {
  /** RFC 2348; at most this, so that no datagram is fragmented: 1468 fits an MTU of 1500. */
  readonly blksize: number;
  /** RFC 7440. */
  readonly windowsize: number;
};

/** What holds for one transfer. */
export type TftpTerms = {
  readonly blksize: number;
  readonly windowsize: number;
  /** RFC 2349: fixed seconds between retransmissions, if the client asked for it. */
  readonly timeoutSeconds: number | undefined;
  /** Options to confirm; with none, the transfer starts with DATA (RFC 2347 §3). */
  readonly confirmed: ReadonlyMap<string, string>;
};

/**
 * Settles the options of a transfer. What is unknown or out of range is left out of the answer,
 * which by RFC 2347 means that it does not hold.
 */
export function negotiate(
  options: ReadonlyMap<string, string>,
  sizeBytes: number,
  limits: TftpLimits,
): TftpTerms {
  const blksize = within(options.get('blksize'), 8, 65464);
  const windowsize = within(options.get('windowsize'), 1, 65535);
  const timeoutSeconds = within(options.get('timeout'), 1, 255);
  const terms = {
    blksize: blksize && Math.min(blksize, limits.blksize),
    windowsize: windowsize && Math.min(windowsize, limits.windowsize),
    timeout: timeoutSeconds,
    // RFC 2349: the client sends 0 and is told the size.
    tsize: options.has('tsize') ? sizeBytes : undefined,
  };
  const confirmed = Object.entries(terms).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return {
    blksize: terms.blksize ?? 512,
    windowsize: terms.windowsize ?? 1,
    timeoutSeconds,
    confirmed: new Map(confirmed),
  };
}

function within(text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}
