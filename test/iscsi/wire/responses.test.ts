import test from 'ava';
import { parseTargetPdu } from '../../../conductor/iscsi/wire/responses.ts';
import { type Pdu, PduDecoder } from '../../../conductor/iscsi/wire/decoder.ts';

/** Seen from tgtd 1.0.85; text and padding included. */
const CAPTURED = {
  firstLogin:
    '230000000000002780e146bb2b3c00000000000000000000000000000000000100000002000000000000000000000000546172676574506f7274616c47726f75705461673d3100417574684d6574686f643d434841500000',
  inquiry:
    '2583000000000042000000000000000000000001ffffffff0000000400000002000000820000000000000000000000ba000005123d00000249455420202020205649525455414c2d4449534b20202020303030310000000000000000000000000000000000000000000004c00960030000000000',
  unitAttention:
    '2180000200000014000000000000000000000002000000000000000500000003000000830000000000000000000000000012700006000000000a00000000290000000000',
  logout:
    '2680000000000000000000000000000000000008000000000000000b0000000800000088000000000000000000000000',
} as const;

function decode(hex: string): Pdu {
  const [pdu] = new PduDecoder().push(Buffer.from(hex, 'hex'));
  if (!pdu) throw new Error('no whole PDU');
  return pdu;
}

test('a login response of tgtd', (t) => {
  const pdu = parseTargetPdu(decode(CAPTURED.firstLogin));
  t.like(pdu, { kind: 'login_response', transit: false, continues: false, stage: 0, nextStage: 0 });
  t.like(pdu, { statusClass: 0, statusDetail: 0, statSn: 0, expCmdSn: 1, maxCmdSn: 2 });
  t.is(
    String(pdu.kind === 'login_response' && pdu.text),
    'TargetPortalGroupTag=1\0AuthMethod=CHAP\0',
  );
});

test('data with status, and an underflow', (t) => {
  const pdu = parseTargetPdu(decode(CAPTURED.inquiry));
  t.like(pdu, { kind: 'data_in', tag: 1, offsetBytes: 0, status: 0, statSn: 4, maxCmdSn: 0x82 });
  if (pdu.kind !== 'data_in') return;
  t.deepEqual(pdu.residual, { overflow: false, bytes: 0xba });
  t.is(pdu.data.length, 0x42);
});

test('a response with sense data', (t) => {
  const pdu = parseTargetPdu(decode(CAPTURED.unitAttention));
  t.like(pdu, { kind: 'scsi_response', tag: 2, response: 0, status: 2 });
  t.is(
    pdu.kind === 'scsi_response' ? pdu.sense.toString('hex') : '',
    '700006000000000a00000000290000000000',
  );
});

test('a logout response', (t) => {
  t.like(parseTargetPdu(decode(CAPTURED.logout)), { kind: 'logout_response', tag: 8, response: 0 });
});

test('an opcode that only initiators send', (t) => {
  const error = t.throws(() => parseTargetPdu(decode(CAPTURED.logout.replace('26', '06'))));
  t.regex(error.message, /unexpected opcode 0x6/);
});

test('sense data that says it is longer than it is', (t) => {
  const lying = CAPTURED.unitAttention.replace('00127000', 'ffff7000');
  const pdu = parseTargetPdu(decode(lying));
  t.is(pdu.kind === 'scsi_response' ? pdu.sense.length : 0, 18);
});
