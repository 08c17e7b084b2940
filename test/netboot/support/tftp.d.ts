/** What the tests use of the npm package `tftp`, which ships no types. */
declare module 'tftp' {
  import type { Readable } from 'node:stream';
  const tftp: {
    createClient(options: object): { createGetStream(name: string): Readable };
  };
  export default tftp;
}
