import test from 'ava';
import { IronpxeError } from '../../../conductor/errors/error.ts';
import { type Pdu, PduDecoder } from '../../../conductor/iscsi/wire/decoder.ts';
import { type Digests, frame } from '../../../conductor/iscsi/wire/frame.ts';
import { parseTargetPdu } from '../../../conductor/iscsi/wire/responses.ts';
import { makeRandom, randomBytesFrom } from '../support/random.ts';
import { bhs } from '../support/scriptedTarget.ts';

const MAX_DATA_BYTES = 300;
const DIGESTS: readonly Digests[] = [
  { header: false, data: false },
  { header: true, data: false },
  { header: false, data: true },
  { header: true, data: true },
];

function decoderWith(digests: Digests): PduDecoder {
  const decoder = new PduDecoder();
  decoder.use({ digests, maxDataBytes: MAX_DATA_BYTES });
  return decoder;
}

function collect(decoder: PduDecoder, chunks: readonly Buffer[]): Pdu[] {
  const pdus: Pdu[] = [];
  for (const chunk of chunks)
    for (const pdu of decoder.push(chunk)) pdus.push({ ...pdu, data: Buffer.from(pdu.data) });
  return pdus;
}

function stream(
  digests: Digests,
  random: (limit: number) => number,
): { bytes: Buffer; sent: Buffer[] } {
  const sent = Array.from({ length: 20 }, () => randomBytesFrom(random, random(MAX_DATA_BYTES)));
  const chunks = sent.flatMap((data) => frame(bhs(0x25), data, digests));
  return { bytes: Buffer.concat(chunks), sent };
}

for (const digests of DIGESTS) {
  const name = `digests ${JSON.stringify(digests)}`;

  test(`${name}: comes out as it went in, however the bytes are cut`, (t) => {
    const random = makeRandom(7);
    const { bytes, sent } = stream(digests, random);
    for (let run = 0; run < 50; run++) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length;) {
        const end = at + 1 + random(run < 25 ? 9 : 400);
        chunks.push(bytes.subarray(at, end));
        at = end;
      }
      t.deepEqual(
        collect(decoderWith(digests), chunks).map(({ data }) => data),
        sent,
      );
    }
  });

  test(`${name}: a PDU cut off at any length is not a PDU yet`, (t) => {
    const bytes = Buffer.concat(frame(bhs(0x25), Buffer.from('hello'), digests));
    for (let length = 0; length < bytes.length; length++) {
      const decoder = decoderWith(digests);
      t.is(collect(decoder, [bytes.subarray(0, length)]).length, 0);
      t.is(collect(decoder, [bytes.subarray(length)]).length, 1);
    }
  });

  test(`${name}: a changed bit is found where a digest covers it`, (t) => {
    const bytes = Buffer.concat(frame(bhs(0x25), Buffer.from('hello, disk'), digests));
    const dataAt = digests.header ? 52 : 48;
    for (let at = 0; at < bytes.length; at++) {
      // Without a digest over them, lengths are taken as they are.
      if (!digests.header && at >= 4 && at < 8) continue;
      const covered = at < dataAt ? digests.header : digests.data;
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8((damaged[at] ?? 0) ^ 0x10, at);
      const decode = (): Pdu[] => collect(decoderWith(digests), [damaged]);
      if (covered)
        t.is(t.throws(decode, { instanceOf: IronpxeError }).code, 'ISCSI_DIGEST_MISMATCH');
      else t.is(decode().length, 1);
    }
  });
}

test('refuses additional header segments, which no target sends', (t) => {
  const header = bhs(0x20);
  header.writeUInt8(2, 4);
  const decode = (): Pdu[] => collect(decoderWith({ header: false, data: false }), [header]);
  t.is(t.throws(decode, { instanceOf: IronpxeError }).code, 'ISCSI_PROTOCOL_ERROR');
});

test('the owner of a chunk may overwrite it while a PDU is incomplete', (t) => {
  const decoder = decoderWith({ header: false, data: false });
  const bytes = Buffer.concat(
    frame(bhs(0x25), Buffer.from('hello'), { header: false, data: false }),
  );
  const shared = Buffer.alloc(64);
  const pdus: string[] = [];
  for (let at = 0; at < bytes.length; at += 50) {
    const length = bytes.copy(shared, 0, at, at + 50);
    for (const { data, opcode } of decoder.push(shared.subarray(0, length)))
      pdus.push(`${opcode} ${data.toString()}`);
    shared.fill(0xee);
  }
  t.deepEqual(pdus, ['37 hello']);
});

test('refuses more data than agreed, before it comes', (t) => {
  const header = bhs(0x25);
  header.writeUIntBE(MAX_DATA_BYTES + 1, 5, 3);
  const decode = (): Pdu[] => collect(decoderWith({ header: false, data: false }), [header]);
  t.is(t.throws(decode, { instanceOf: IronpxeError }).code, 'ISCSI_PROTOCOL_ERROR');
});

test('settings apply from the next PDU on, also within one chunk', (t) => {
  const decoder = new PduDecoder();
  const both = { header: true, data: true };
  const bytes = Buffer.concat([
    ...frame(bhs(0x23), Buffer.from('login'), { header: false, data: false }),
    ...frame(bhs(0x25), Buffer.alloc(9000, 1), both),
  ]);
  const lengths: number[] = [];
  for (const { data } of decoder.push(bytes)) {
    lengths.push(data.length);
    decoder.use({ digests: both, maxDataBytes: 10_000 });
  }
  t.deepEqual(lengths, [5, 9000]);
});

test('random bytes give PDUs or one of our errors, never anything else', (t) => {
  const random = makeRandom(2026);
  let errors = 0;
  for (let run = 0; run < 3000; run++) {
    const decoder = decoderWith(DIGESTS[run % 4] ?? { header: false, data: false });
    const bytes = randomBytesFrom(random, 48 + random(200));
    // Often a small length, so that some get through to the parsers.
    if (random(3) > 0) bytes.fill(0, 4, 7);
    try {
      for (const pdu of decoder.push(bytes)) t.truthy(parseTargetPdu(pdu).kind);
    } catch (error) {
      if (!(error instanceof IronpxeError)) throw error;
      errors++;
    }
  }
  t.true(errors > 100);
});
