/** Whether `left` comes after `right` in 32-bit serial arithmetic (RFC 1982, RFC 7143 §4.2.2). */
export function isAfter(left: number, right: number): boolean {
  return ((left - right) | 0) > 0;
}

/** The serial number that follows. */
export function next(value: number): number {
  return (value + 1) >>> 0;
}
