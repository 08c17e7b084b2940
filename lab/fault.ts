/** Something that keeps a lab from working, told with the way out. Everything else is a bug. */
export class LabFault extends Error {
  override readonly name = 'LabFault';
  readonly wayOut: string;

  /**
   * @param message what is wrong: subject, found, expected
   * @param wayOut what to do about it
   */
  constructor(message: string, wayOut: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.wayOut = wayOut;
  }
}
