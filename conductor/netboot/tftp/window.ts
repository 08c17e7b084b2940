/** How far a transfer has come. Blocks count from 1 without wrapping; 0 is the OACK. */
export type Window = {
  readonly lastBlock: number;
  readonly windowsize: number;
  /** Every block up to this one has been acknowledged; -1 while the OACK has not. */
  readonly acked: number;
  /** The highest block that was sent. */
  readonly sent: number;
  /** Retransmissions since the last progress. */
  readonly retries: number;
  /** Whether the window was already sent again for a repeated ACK. */
  readonly rewound: boolean;
};

/** What to do after an ACK or a time-out: send blocks `from` to `to`, stop, or nothing. */
export type WindowStep = {
  readonly window: Window;
  readonly send?: { readonly from: number; readonly to: number };
  readonly done?: true;
  readonly lost?: true;
};

/** Starts a transfer of `sizeBytes`. The last block is shorter than `blksize`, empty if need be. */
export function openWindow(
  sizeBytes: number,
  terms: { blksize: number; windowsize: number; optionAck: boolean },
): WindowStep {
  const window = {
    lastBlock: Math.floor(sizeBytes / terms.blksize) + 1,
    windowsize: terms.windowsize,
    acked: terms.optionAck ? -1 : 0,
    sent: 0,
    retries: 0,
    rewound: false,
  };
  return terms.optionAck ? { window, send: { from: 0, to: 0 } } : advance(window);
}

/**
 * Takes an ACK. Its 16-bit number is placed among the blocks in flight, so the counter may wrap
 * any number of times; an ACK of no block in flight is an old one and changes nothing.
 */
export function acknowledge(window: Window, block: number): WindowStep {
  const inFlight = window.sent - window.acked;
  const progress = (block - window.acked) & 0xffff;
  if (progress > inFlight) return { window };
  if (progress === 0) return repeated(window);
  const acked = window.acked + progress;
  const next = { ...window, acked, retries: 0, rewound: false };
  return acked === window.lastBlock ? { window: next, done: true } : advance(next);
}

/** Sends the window again, or gives up after `mostRetries`. */
export function timeOut(window: Window, mostRetries: number): WindowStep {
  if (window.retries >= mostRetries) return { window, lost: true };
  const next = { ...window, retries: window.retries + 1 };
  return window.acked === -1 ? { window: next, send: { from: 0, to: 0 } } : advance(next);
}

/**
 * A repeated ACK in lock-step must not send anything, or every block would go out twice from then
 * on (RFC 1123 §4.2.3.1). In a window it says that the first block was lost: sent again, but once.
 */
function repeated(window: Window): WindowStep {
  if (window.windowsize === 1 || window.rewound || window.acked === -1) return { window };
  return advance({ ...window, rewound: true });
}

function advance(window: Window): WindowStep {
  const from = window.acked + 1;
  const to = Math.min(window.acked + window.windowsize, window.lastBlock);
  return { window: { ...window, sent: to }, send: { from, to } };
}
