import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { parseConfig } from '../../conductor/config/load.ts';
import { createConsoleDesk } from '../../conductor/deploy/consoleDesk.ts';
import { createIpmiDrivers } from '../../conductor/drivers/ipmi/driver.ts';
import { type Database, openDatabase } from '../../conductor/store/database.ts';
import { getNode, insertNode } from '../../conductor/store/nodes.ts';
import { startIpmiSim } from '../drivers/support/ipmiSim.ts';

const UUID = '11111111-1111-4111-8111-111111111111';
const config = parseConfig(
  'state_dir: /nowhere\nboot_http: {url: "http://192.0.2.1:8088"}\ndhcp: {enabled: false}',
  'c',
);

/** A machine whose serial port says what it is sent, in capitals. */
async function serialPort(): Promise<AsyncDisposable & { readonly place: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (typed: Buffer) => socket.write(typed.toString().toUpperCase()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    place: `tcp:127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

async function until(isTrue: () => boolean, what: () => string): Promise<void> {
  for (const end = Date.now() + 60_000; !isTrue(); await delay(20))
    if (Date.now() > end) throw new Error(`waited in vain for ${what()}`);
}

/** A machine that is off, for a BMC to stand before. */
async function machineOf(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-console-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const script = join(folder, 'machine');
  await writeFile(script, '#!/bin/sh\necho 0\n', { mode: 0o700 });
  return { folder, script };
}

class Terminal {
  said = '';
  readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (text: Buffer) => (this.said += text.toString()));
  }

  static async open(url: string): Promise<Terminal> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new Terminal(socket);
  }

  async sees(pattern: RegExp): Promise<void> {
    await until(
      () => pattern.test(this.said),
      () => `${pattern} in ${JSON.stringify(this.said)}`,
    );
  }
}

async function bench(database: Database, driverInfo: Readonly<Record<string, unknown>>) {
  await insertNode(database, { uuid: UUID, driver: 'ipmi', provisionState: 'enroll', driverInfo });
  const drivers = new Map(
    createIpmiDrivers({ minIntervalMs: 0, waitSeconds: 4, repeats: 2 }).map((one) => [
      one.name,
      one,
    ]),
  );
  const make = () =>
    createConsoleDesk({
      services: { database, drivers, config },
      logger: pino({ level: 'silent' }),
      signal: new AbortController().signal,
    });
  const urlOf = (desk: ReturnType<typeof make>) => String(desk.infoOf(UUID)?.['url']);
  return { make, urlOf };
}

test('two people share a console by serial over LAN; it is there again after a restart', async (t) => {
  await using serial = await serialPort();
  await using sim = await startIpmiSim(await machineOf(t), undefined, serial.place);
  const database = await openDatabase(':memory:');
  const { make, urlOf } = await bench(database, sim.driverInfo);
  const desk = make();
  t.is(desk.infoOf(UUID), null);
  await desk.set(await getNode(database, UUID), true);
  t.true((await getNode(database, UUID)).consoleEnabled);

  const first = await Terminal.open(urlOf(desk));
  await first.sees(/SOL Session operational/);
  first.socket.write('hello\r');
  await first.sees(/HELLO/);
  const second = await Terminal.open(urlOf(desk));
  await second.sees(/HELLO/);
  second.socket.write('~.still here\r');
  await first.sees(/~\.STILL HERE/);

  await desk.stop();
  await until(
    () => first.socket.destroyed,
    () => 'the end of the first terminal',
  );
  const next = make();
  await next.resume();
  const third = await Terminal.open(urlOf(next));
  await third.sees(/SOL Session operational/);
  third.socket.write('back\r');
  await third.sees(/BACK/);
  await next.set(await getNode(database, UUID), false);
  t.is(next.infoOf(UUID), null);
  t.false((await getNode(database, UUID)).consoleEnabled);
  await database.destroy();
});

test('who comes to a console that cannot be opened is told why', async (t) => {
  await using sim = await startIpmiSim(await machineOf(t));
  const database = await openDatabase(':memory:');
  const { make, urlOf } = await bench(database, { ...sim.driverInfo, ipmi_password: 'wrong' });
  const desk = make();
  await desk.set(await getNode(database, UUID), true);
  const terminal = await Terminal.open(urlOf(desk));
  await terminal.sees(/ironpxe: DRIVER_BMC_AUTH: .*password is wrong/);
  await until(
    () => terminal.socket.destroyed,
    () => 'the end of the terminal',
  );
  t.notRegex(terminal.said, /operational/);
  await desk.stop();
  await database.destroy();
});
