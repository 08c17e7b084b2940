import type { ConvertEvent } from '../convert/events.ts';
import { STAGES } from '../convert/events.ts';
import { describeEvent } from '../glance/describe.ts';
import type { RegisterEvent } from '../glance/registerImages.ts';
import { formatBytes } from '../values/bytes.ts';
import { describeFound } from './describe.ts';

/** Says what a conversion does, on a terminal with a line that counts up, else line by line. */
export class ProgressPrinter {
  readonly #out: NodeJS.WriteStream;
  readonly #startedMs = performance.now();
  #lineOpen = false;
  /** The image that is being sent. */
  #sending = '';

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show(event: ConvertEvent): void {
    switch (event.kind) {
      case 'stage':
        this.#say(`${this.#clock()} ${STAGES[event.stage]}`);
        break;
      case 'progress':
        this.#count(STAGES[event.stage], event.done);
        break;
      case 'layout':
      case 'system':
        for (const line of describeFound(event) ?? []) this.#say(line);
        break;
      case 'changes':
        for (const { path, what } of event.changes) this.#say(`  ${path}: ${what}`);
        break;
      default:
        event satisfies never;
    }
  }

  /** What is registered in Glance. */
  showRegistration(event: RegisterEvent): void {
    if (event.kind !== 'uploading') return this.#say(`${this.#clock()} ${describeEvent(event)}`);
    const { role, id, doneBytes, totalBytes } = event;
    const what = `${role}: sending ${formatBytes(totalBytes)}`;
    if (this.#sending !== id) this.#say(`${this.#clock()} ${what}`);
    this.#sending = id;
    return this.#count(what, doneBytes / totalBytes);
  }

  /** Leaves the counting line behind. */
  end(): void {
    if (this.#lineOpen) this.#out.write('\n');
    this.#lineOpen = false;
  }

  #say(line: string): void {
    this.end();
    this.#out.write(`${line}\n`);
  }

  /** Where no line can be overwritten, what is counted was said when it began. */
  #count(what: string, done: number): void {
    if (!this.#out.isTTY) return;
    this.#out.write(`\r${this.#clock()} ${what} ${Math.floor(done * 100)} %`);
    this.#lineOpen = true;
  }

  #clock(): string {
    return `[${((performance.now() - this.#startedMs) / 1000).toFixed(1).padStart(6)} s]`;
  }
}
