import { IronpxeError } from '../../errors/error.ts';
import { BHS_BYTES } from './opcodes.ts';
import { type Digests, digestOf, NO_DIGESTS, padBytes } from './frame.ts';
import { ByteGatherer } from './gatherer.ts';

/** A whole PDU with padding and digests removed. `data` may be overwritten by the next `push`. */
export type Pdu = {
  /** The low six bits of the first byte. */
  readonly opcode: number;
  readonly header: Buffer;
  readonly data: Buffer;
};

/** What the decoder expects from here on. */
export type DecoderSettings = {
  readonly digests: Digests;
  /** The MaxRecvDataSegmentLength that we declared; a longer data segment is an error. */
  readonly maxDataBytes: number;
};

/** Before and during login: no digests, at most 8 KiB of data (RFC 7143 §13.12). */
export const LOGIN_DECODER_SETTINGS: DecoderSettings = { digests: NO_DIGESTS, maxDataBytes: 8192 };

const NOTHING = Buffer.alloc(0);

/** Cuts a byte stream into PDUs, whatever the sizes of the pieces in which it comes. */
export class PduDecoder {
  #settings = LOGIN_DECODER_SETTINGS;
  readonly #bytes = new ByteGatherer();
  #header: Buffer | undefined;

  /** Takes effect from the PDU after the one yielded last. */
  use(settings: DecoderSettings): void {
    this.#settings = settings;
  }

  /**
   * Yields every PDU that `chunk` completes.
   * @throws IronpxeError ISCSI_PROTOCOL_ERROR (too long), ISCSI_DIGEST_MISMATCH
   */
  *push(chunk: Buffer): Generator<Pdu> {
    this.#bytes.feed(chunk);
    for (let pdu = this.#next(); pdu; pdu = this.#next()) yield pdu;
  }

  #next(): Pdu | undefined {
    this.#header ??= this.#takeHeader();
    if (!this.#header) return undefined;
    const data = this.#takeData(this.#header);
    if (!data) return undefined;
    const pdu = { opcode: this.#header.readUInt8(0) & 0x3f, header: this.#header, data };
    this.#header = undefined;
    return pdu;
  }

  #takeHeader(): Buffer | undefined {
    const { digests, maxDataBytes } = this.#settings;
    const bytes = this.#bytes.take(BHS_BYTES + (digests.header ? 4 : 0));
    if (!bytes) return undefined;
    // The header outlives the chunk while its data is still to come, hence the copy.
    const header = Buffer.from(bytes.subarray(0, BHS_BYTES));
    if (digests.header) expectDigest('header', header, bytes.subarray(BHS_BYTES));
    expectLengths(header, maxDataBytes);
    return header;
  }

  #takeData(header: Buffer): Buffer | undefined {
    const dataBytes = header.readUIntBE(5, 3);
    if (dataBytes === 0) return NOTHING;
    const paddedBytes = dataBytes + padBytes(dataBytes);
    const withDigest = this.#settings.digests.data;
    const bytes = this.#bytes.take(paddedBytes + (withDigest ? 4 : 0));
    if (bytes && withDigest)
      expectDigest('data', bytes.subarray(0, paddedBytes), bytes.subarray(paddedBytes));
    return bytes?.subarray(0, dataBytes);
  }
}

function expectDigest(what: string, bytes: Buffer, found: Buffer): void {
  const expected = digestOf(bytes);
  if (expected.equals(found)) return;
  throw new IronpxeError(
    'ISCSI_DIGEST_MISMATCH',
    `A PDU came with the ${what} digest ${found.toString('hex')}, its bytes give ${expected.toString('hex')}.`,
  );
}

/** No PDU of a target has additional header segments (RFC 7143 §11.2.2): these are for commands. */
function expectLengths(header: Buffer, maxDataBytes: number): void {
  const ahsBytes = header.readUInt8(4) * 4;
  const dataBytes = header.readUIntBE(5, 3);
  if (ahsBytes === 0 && dataBytes <= maxDataBytes) return;
  throw new IronpxeError(
    'ISCSI_PROTOCOL_ERROR',
    `A PDU starting with ${header.toString('hex', 0, 8)} announces ${ahsBytes} more bytes of header and ${dataBytes} of data, expected 0 and at most ${maxDataBytes}.`,
  );
}
