import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { decodeText, encodeText } from '../../../conductor/iscsi/login/text.ts';
import { type Pdu, PduDecoder } from '../../../conductor/iscsi/wire/decoder.ts';
import { type Digests, frame, NO_DIGESTS } from '../../../conductor/iscsi/wire/frame.ts';
import { BHS_BYTES, REQUEST_OPCODES } from '../../../conductor/iscsi/wire/opcodes.ts';

const EMPTY = Buffer.alloc(0);
const BLOCK_BYTES = 512;
const BURST_BYTES = 262_144;
const SEGMENT_BYTES = 65_536;

/** Sees each PDU of the initiator first; `true` means that it dealt with it. */
export type Script = (pdu: Pdu, connection: TargetConnection) => boolean;

export type Sense = { readonly key: number; readonly asc: number; readonly ascq: number };

/** One initiator's connection, with ways to answer that no real target has. */
export class TargetConnection {
  readonly #socket: Socket;
  readonly #target: ScriptedTarget;
  readonly #decoder = new PduDecoder();
  readonly #writes = new Map<number, { readonly at: number; readonly data: Buffer; got: number }>();
  readonly number: number;
  digests: Digests = NO_DIGESTS;
  #statSn = 0;

  constructor(socket: Socket, target: ScriptedTarget, number: number) {
    this.#socket = socket;
    this.#target = target;
    this.number = number;
    this.#decoder.use({ digests: NO_DIGESTS, maxDataBytes: 2 ** 24 });
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      for (const pdu of this.#decoder.push(chunk)) this.#take(pdu);
    });
  }

  /** Sends a PDU; the sequence numbers are filled in. */
  send(header: Buffer, data: Uint8Array = EMPTY, { countsStatus = true } = {}): void {
    header.writeUInt32BE(this.#statSn, 24);
    if (countsStatus) this.#statSn++;
    // A window that is always open.
    header.writeUInt32BE(1, 28);
    header.writeUInt32BE(10_000, 32);
    for (const chunk of frame(header, data, this.digests)) this.#socket.write(chunk);
  }

  /** Sends these very bytes. */
  sendRaw(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Answers a command with a status, and sense data where given. */
  respond(request: Pdu, status = 0, sense?: Sense): void {
    const header = reply(0x21, request);
    header.writeUInt8(status, 3);
    this.send(header, sense ? senseData(sense) : EMPTY);
  }

  /** Sends all the data that a command asks for, with good status. */
  sendData(request: Pdu, data: Buffer): void {
    const wanted = request.header.readUInt32BE(20);
    for (let at = 0; at + SEGMENT_BYTES < Math.min(wanted, data.length); at += SEGMENT_BYTES)
      this.sendPart(request, data.subarray(at, at + SEGMENT_BYTES), at);
    const lastAt = Math.floor((Math.min(wanted, data.length) - 1) / SEGMENT_BYTES) * SEGMENT_BYTES;
    const header = reply(0x25, request, data.length < wanted ? 0x83 : 0x81);
    header.writeUInt32BE(lastAt, 40);
    header.writeUInt32BE(Math.max(0, wanted - data.length), 44);
    this.send(header, data.subarray(lastAt, wanted));
  }

  /** Sends some of a command's data, without status. */
  sendPart(request: Pdu, data: Buffer, offsetBytes: number): void {
    const header = reply(0x25, request, 0);
    header.writeUInt32BE(offsetBytes, 40);
    this.send(header, data, { countsStatus: false });
  }

  /** Asks for a run of a write's data. */
  requestData(request: Pdu, offsetBytes: number, lengthBytes: number): void {
    const header = reply(0x31, request);
    header.writeUInt32BE(0x77, 20);
    header.writeUInt32BE(offsetBytes, 40);
    header.writeUInt32BE(lengthBytes, 44);
    this.send(header, EMPTY, { countsStatus: false });
  }

  reject(rejected: Buffer, reason: number): void {
    const header = bhs(0x3f);
    header.writeUInt8(reason, 2);
    header.writeUInt32BE(0xff_ff_ff_ff, 16);
    this.send(header, rejected);
  }

  asyncMessage(event: number): void {
    const header = bhs(0x32);
    header.writeUInt32BE(0xff_ff_ff_ff, 16);
    header.writeUInt8(event, 36);
    this.send(header);
  }

  /** A NOP-In that wants an answer. */
  ping(targetTag: number): void {
    const header = bhs(0x20);
    header.writeUInt32BE(0xff_ff_ff_ff, 16);
    header.writeUInt32BE(targetTag, 20);
    this.send(header, EMPTY, { countsStatus: false });
  }

  #take(pdu: Pdu): void {
    // The decoder gives its data away only until the next chunk.
    const kept = { ...pdu, data: Buffer.from(pdu.data) };
    if (this.#target.script(kept, this)) return;
    if (kept.opcode === REQUEST_OPCODES.login) this.#login(kept);
    else if (kept.opcode === REQUEST_OPCODES.scsiCommand) this.#command(kept);
    else if (kept.opcode === REQUEST_OPCODES.dataOut) this.#dataOut(kept);
    else if (kept.opcode === REQUEST_OPCODES.nopOut) this.#nopOut(kept);
    else if (kept.opcode === REQUEST_OPCODES.logout) this.send(reply(0x26, kept));
  }

  /** Agrees to everything, with the burst length of this target. */
  #login(request: Pdu): void {
    const keys = decodeText(request.data);
    const flags = request.header.readUInt8(1);
    const isOperational = keys.has('MaxBurstLength');
    if (isOperational) keys.set('MaxBurstLength', String(BURST_BYTES));
    if (isOperational) keys.set('FirstBurstLength', '65536').set('InitialR2T', 'Yes');
    for (const key of ['InitiatorName', 'TargetName', 'SessionType']) keys.delete(key);
    const header = reply(0x23, request, flags);
    request.header.copy(header, 8, 8, 14);
    this.send(header, encodeText([...keys]));
    if (!isOperational) return;
    const isOn = (key: string): boolean => keys.get(key) === 'CRC32C';
    this.digests = { header: isOn('HeaderDigest'), data: isOn('DataDigest') };
    this.#decoder.use({ digests: this.digests, maxDataBytes: 2 ** 24 });
  }

  #command(request: Pdu): void {
    const cdb = request.header.subarray(32, 48);
    const at = Number(cdb.readBigUInt64BE(2)) * BLOCK_BYTES;
    const lengthBytes = cdb.readUInt32BE(10) * BLOCK_BYTES;
    switch (cdb[0]) {
      case 0x12:
        this.sendData(request, cdb[1] === 1 ? vpdPage(cdb[2] ?? 0) : INQUIRY);
        return;
      case 0x9e:
        this.sendData(request, capacity(this.#target.disk.length));
        return;
      case 0x88:
        this.sendData(request, this.#target.disk.subarray(at, at + lengthBytes));
        return;
      case 0x8a:
        this.#startWrite(request, at, lengthBytes);
        return;
      case 0x93:
        // This disk only knows READ and WRITE.
        this.respond(request, 2, { key: 5, asc: 0x20, ascq: 0 });
        return;
      default:
        this.respond(request);
    }
  }

  #startWrite(request: Pdu, at: number, lengthBytes: number): void {
    const write = { at, data: Buffer.alloc(lengthBytes), got: request.data.length };
    request.data.copy(write.data);
    this.#writes.set(request.header.readUInt32BE(16), write);
    this.#continueWrite(request);
  }

  #dataOut(pdu: Pdu): void {
    const write = this.#writes.get(pdu.header.readUInt32BE(16));
    if (!write) throw new Error('Data-Out without a command');
    pdu.data.copy(write.data, pdu.header.readUInt32BE(40));
    write.got += pdu.data.length;
    if ((pdu.header.readUInt8(1) & 0x80) !== 0) this.#continueWrite(pdu);
  }

  #continueWrite(pdu: Pdu): void {
    const tag = pdu.header.readUInt32BE(16);
    const write = this.#writes.get(tag);
    if (!write) return;
    const left = write.data.length - write.got;
    if (left > 0) {
      this.requestData(pdu, write.got, Math.min(left, BURST_BYTES));
      return;
    }
    this.#writes.delete(tag);
    write.data.copy(this.#target.disk, write.at);
    this.respond(pdu);
  }

  #nopOut(request: Pdu): void {
    if (request.header.readUInt32BE(16) === 0xff_ff_ff_ff) return;
    const header = reply(0x20, request);
    header.writeUInt32BE(0xff_ff_ff_ff, 20);
    this.send(header);
  }
}

/** A target on loopback that does what a script says, and else serves a small disk in memory. */
export class ScriptedTarget implements AsyncDisposable {
  readonly disk: Buffer;
  readonly host = '127.0.0.1';
  listenPort = 0;
  connections = 0;
  script: Script;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(sizeBytes: number, script: Script) {
    this.disk = Buffer.alloc(sizeBytes, 0x5a);
    this.script = script;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(script: Script = () => false, sizeBytes = 4_194_304): Promise<ScriptedTarget> {
    const target = new ScriptedTarget(sizeBytes, script);
    await target.listen();
    return target;
  }

  /** Listens, on the same port as before if there was one. */
  async listen(): Promise<void> {
    this.#server.listen(this.listenPort, this.host);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address !== null && typeof address !== 'string') this.listenPort = address.port;
  }

  /** Drops all connections and takes no new ones. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.once('close', () => this.#sockets.delete(socket));
    void new TargetConnection(socket, this, ++this.connections);
  }
}

/** Whether a PDU is a SCSI command with this operation code. */
export function isCommand(pdu: Pdu, opcode: number): boolean {
  return pdu.opcode === REQUEST_OPCODES.scsiCommand && pdu.header[32] === opcode;
}

/** An empty header of this opcode. */
export function bhs(opcode: number, flags = 0x80): Buffer {
  const header = Buffer.alloc(BHS_BYTES);
  header.writeUInt8(opcode, 0);
  header.writeUInt8(flags, 1);
  return header;
}

/** A header of this opcode with the task tag of a request. */
export function reply(opcode: number, request: Pdu, flags = 0x80): Buffer {
  const header = bhs(opcode, flags);
  request.header.copy(header, 16, 16, 20);
  return header;
}

function senseData({ key, asc, ascq }: Sense): Buffer {
  const data = Buffer.alloc(20);
  data.writeUInt16BE(18, 0);
  data.set([0x70, 0, key, 0, 0, 0, 0, 10], 2);
  data.set([asc, ascq], 14);
  return data;
}

const INQUIRY = Buffer.concat([
  Buffer.from([0, 0, 5, 2, 31, 0, 0, 0]),
  Buffer.from('SCRIPTED'),
  Buffer.from('DISK            0001'),
]);

function vpdPage(page: number): Buffer {
  const body = page === 0 ? Buffer.from([0, 0x80]) : Buffer.from('  SERIAL1');
  return Buffer.concat([Buffer.from([0, page, 0, body.length]), body]);
}

function capacity(sizeBytes: number): Buffer {
  const data = Buffer.alloc(32);
  data.writeBigUInt64BE(BigInt(sizeBytes / BLOCK_BYTES - 1), 0);
  data.writeUInt32BE(BLOCK_BYTES, 8);
  return data;
}
