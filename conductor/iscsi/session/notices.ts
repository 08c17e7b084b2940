/** The Reject reason for data that arrived damaged. */
export const DATA_DIGEST_ERROR = 0x02;

/** Reject reasons (RFC 7143 §11.17.1). */
const REJECT_REASONS: ReadonlyMap<number, string> = new Map([
  [DATA_DIGEST_ERROR, 'data digest error'],
  [0x03, 'SNACK rejected'],
  [0x04, 'protocol error'],
  [0x05, 'command not supported'],
  [0x06, 'too many immediate commands'],
  [0x07, 'task in progress'],
  [0x08, 'invalid data acknowledgement'],
  [0x09, 'invalid PDU field'],
  [0x0a, 'out of resources'],
  [0x0b, 'negotiation reset'],
  [0x0c, 'waiting for logout'],
]);

/** A Reject as text. */
export function describeReject(reason: number): string {
  const number = `0x${reason.toString(16).padStart(2, '0')}`;
  return `the target rejected a PDU: ${REJECT_REASONS.get(reason) ?? 'unknown reason'} (${number})`;
}

/** Events that end the session (RFC 7143 §11.9.1); a new one is then made. */
const CLOSING_EVENTS: ReadonlyMap<number, string> = new Map([
  [1, 'the target asks for a logout'],
  [2, 'the target drops this connection'],
  [3, 'the target drops all connections'],
  [4, 'the target asks for new parameters'],
]);

/** An Async Message as text where it ends the session; `undefined` where it may be ignored. */
export function describeAsyncEvent(event: number): string | undefined {
  return CLOSING_EVENTS.get(event);
}
