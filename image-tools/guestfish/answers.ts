/** Collects what a program prints on one stream until an agreed mark shows up. */
export class Answers {
  readonly #wholeLines: boolean;
  #text = '';
  #ended = false;
  #waiting: { mark: string; done: (answer: string | undefined) => void } | undefined;

  /** @param options `whole`: the mark counts only when its line is complete; the default */
  constructor(options: { whole?: boolean } = {}) {
    this.#wholeLines = options.whole ?? true;
  }

  /** More output. */
  push(chunk: string): void {
    this.#text += chunk;
    this.#settle();
  }

  /** The stream has ended: who waits, or will wait, gets undefined. */
  end(): void {
    this.#ended = true;
    this.#settle();
  }

  /** All output before the line that is, or starts with, `mark`; undefined when it never came. */
  until(mark: string): Promise<string | undefined> {
    return new Promise((done) => {
      this.#waiting = { mark, done };
      this.#settle();
    });
  }

  /** What came since the last answer. */
  get rest(): string {
    return this.#text;
  }

  #settle(): void {
    if (!this.#waiting) return;
    const { mark, done } = this.#waiting;
    const at = this.#findLine(mark);
    if (at < 0 && !this.#ended) return;
    this.#waiting = undefined;
    if (at < 0) {
      done(undefined);
      return;
    }
    const answer = this.#text.slice(0, at);
    const end = this.#wholeLines ? this.#text.indexOf('\n', at) + 1 : at + mark.length;
    this.#text = this.#text.slice(end);
    done(answer);
  }

  /** Where the mark starts, once all of its line has come. */
  #findLine(mark: string): number {
    const at = this.#text.indexOf(mark);
    if (!this.#wholeLines) return at;
    return at >= 0 && this.#text.includes('\n', at) ? at : -1;
  }
}
