const START_BYTES = 64 * 1024;
const MOST_BYTES_OF_UNIT = 3;
const MOST_KEPT = 2;
const MOST_KEPT_BYTES = 4 * 1024 * 1024;
const KEPT_MS = 2000;

/** Buffers of lists that were sent; let go when no list has been asked for in a while. */
const free: Buffer[] = [];
const letGo = setTimeout(() => free.splice(0), KEPT_MS).unref();

function keep(bytes: Buffer): void {
  if (free.length >= MOST_KEPT || bytes.length > MOST_KEPT_BYTES) return;
  free.push(bytes);
  letGo.refresh();
}

/**
 * A list as JSON text that grows in one buffer, which is used again once it was sent: megabytes for
 * each list, in texts and buffers of their own, would keep the garbage collector busy for longer than
 * it takes to make the list.
 */
export class JsonList {
  #bytes = free.pop() ?? Buffer.allocUnsafeSlow(START_BYTES);
  #endBytes = 0;
  /** How many items it has. */
  length = 0;

  /** @param name the only key of the object around the list */
  constructor(name: string) {
    this.#write(`{"${name}":[`);
  }

  /** Adds an item that is JSON text. */
  add(item: string): void {
    if (this.length > 0) this.#write(',');
    this.#write(item);
    this.length += 1;
  }

  /**
   * The whole, with the link to the `next` page if there is one. `onSent` may be called once nobody
   * reads `json` any more.
   */
  end(next: string | undefined): { readonly json: Buffer; readonly onSent: () => void } {
    this.#write(next === undefined ? ']}' : `],"next":${JSON.stringify(next)}}`);
    const bytes = this.#bytes;
    return { json: bytes.subarray(0, this.#endBytes), onSent: () => keep(bytes) };
  }

  #write(text: string): void {
    const neededBytes = this.#endBytes + text.length * MOST_BYTES_OF_UNIT;
    if (neededBytes > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(neededBytes, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.#endBytes);
      this.#bytes = grown;
    }
    this.#endBytes += this.#bytes.write(text, this.#endBytes);
  }
}
