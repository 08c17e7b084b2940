/** Length of the Basic Header Segment in bytes (RFC 7143 §11.2.1). */
export const BHS_BYTES = 48;

/** The tag that stands for "none", for both initiator and target task tags (RFC 7143 §11.2.1.8). */
export const RESERVED_TAG = 0xff_ff_ff_ff;

/** What an initiator sends (RFC 7143 §11.2.1.2). */
export const REQUEST_OPCODES = {
  nopOut: 0x00,
  scsiCommand: 0x01,
  login: 0x03,
  dataOut: 0x05,
  logout: 0x06,
} as const;

/** What a target sends (RFC 7143 §11.2.1.2). */
export const RESPONSE_OPCODES = {
  nopIn: 0x20,
  scsiResponse: 0x21,
  login: 0x23,
  dataIn: 0x25,
  logout: 0x26,
  r2t: 0x31,
  asyncMessage: 0x32,
  reject: 0x3f,
} as const;
