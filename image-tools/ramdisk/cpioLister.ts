const HEADER_BYTES = 110;
const TRAILER = 'TRAILER!!!';
const MAX_NAME_BYTES = 4096;

/**
 * Lists the names in a "newc" cpio archive that comes in pieces, without keeping its files. Data
 * that is no archive leaves `ended` false.
 */
export class CpioLister {
  readonly #onName: (name: string) => void;
  #rest: Buffer = Buffer.alloc(0);
  #skip = 0;
  #done = 0;
  #broken = false;
  /** Whether the archive's last entry has come. */
  ended = false;

  constructor(onName: (name: string) => void) {
    this.#onName = onName;
  }

  /** Where the archive ends, once it has. */
  get endBytes(): number {
    return this.#done;
  }

  push(chunk: Buffer): void {
    if (this.ended || this.#broken) return;
    const skipped = Math.min(this.#skip, chunk.length);
    this.#skip -= skipped;
    this.#done += skipped;
    const fresh = chunk.subarray(skipped);
    this.#rest = this.#rest.length === 0 ? fresh : Buffer.concat([this.#rest, fresh]);
    while (!this.ended && !this.#broken && this.#readEntry());
    // A copy, or the whole chunk would be kept alive for its tail.
    this.#rest = Buffer.from(this.#rest);
  }

  /** Takes one entry off the front, its data too as far as it is there; false when more must come. */
  #readEntry(): boolean {
    const rest = this.#rest;
    if (rest.length < HEADER_BYTES) return false;
    const [dataBytes, nameBytes] = [field(rest, 6), field(rest, 11)];
    const good = /^07070[12]$/.test(rest.toString('latin1', 0, 6)) && nameBytes <= MAX_NAME_BYTES;
    if (!good || Number.isNaN(dataBytes) || nameBytes === 0) {
      this.#broken = true;
      return false;
    }
    const headBytes = up4(HEADER_BYTES + nameBytes);
    if (rest.length < headBytes) return false;
    const name = rest.toString('utf8', HEADER_BYTES, HEADER_BYTES + nameBytes - 1);
    if (name === TRAILER) this.ended = true;
    else this.#onName(name.replace(/^\.?\//, ''));
    this.#take(headBytes + (this.ended ? 0 : up4(dataBytes)));
    return this.#skip === 0;
  }

  #take(bytes: number): void {
    const taken = Math.min(bytes, this.#rest.length);
    this.#rest = this.#rest.subarray(taken);
    this.#done += taken;
    this.#skip = bytes - taken;
  }
}

function field(header: Buffer, index: number): number {
  return Number.parseInt(header.toString('latin1', 6 + index * 8, 14 + index * 8), 16);
}

function up4(value: number): number {
  return Math.ceil(value / 4) * 4;
}
