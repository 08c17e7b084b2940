import { zstdCompressSync, constants } from 'node:zlib';
import test from 'ava';
import { zstdFrameBytes } from '../../../image-tools/source/zstdFrame.ts';
import { seededRandom } from '../support/random.ts';

const random = seededRandom(5);
const noise = Buffer.from(Array.from({ length: 300_000 }, () => random(256)));

const CONTENTS: readonly (readonly [what: string, content: Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['a run', Buffer.alloc(65_536, 'a')],
  ['text', Buffer.from('some words '.repeat(9_000))],
  ['noise of several blocks', noise],
];

for (const [what, content] of CONTENTS)
  for (const checksum of [0, 1])
    test(`the length of a frame of ${what}, checksum ${checksum}`, (t) => {
      const params = { [constants.ZSTD_c_checksumFlag]: checksum };
      const frame = zstdCompressSync(content, { params });
      t.is(zstdFrameBytes(frame), frame.length);
      t.is(zstdFrameBytes(Buffer.concat([frame, noise.subarray(0, 511)])), frame.length);
      for (let cut = 0; cut < frame.length; cut += Math.ceil(frame.length / 50))
        t.is(zstdFrameBytes(frame.subarray(0, cut)), undefined, `cut at ${cut}`);
    });

test('bytes that begin no frame', (t) => t.is(zstdFrameBytes(noise), undefined));
