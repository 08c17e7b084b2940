import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Driver } from '../drivers/types.ts';
import type { ConsoleStream, DriverNode } from '../drivers/types.ts';
import { explain, IronpxeError } from '../errors/error.ts';
import { appendEvent } from '../store/events.ts';
import { listNodes, updateNode } from '../store/nodes.ts';
import type { JsonObject, Node } from '../store/types.ts';
import { machineOf } from './context.ts';
import type { StepServices } from './steps/types.ts';

/** Open consoles of machines, each behind a TCP port. */
export type ConsoleDesk = {
  /** Opens or closes a node's console, for good. @throws IronpxeError LISTEN_FAILED, DRIVER_* */
  set(node: Node, enabled: boolean): Promise<void>;
  /** How the console is reached, as Ironic says it; `null` while it is closed. */
  infoOf(nodeUuid: string): JsonObject | null;
  /** Opens what was open before the conductor was started. */
  resume(): Promise<void>;
  /** Closes all, until the next start. */
  stop(): Promise<void>;
};

type Machine = { readonly driver: Driver; readonly node: DriverNode };
type DeskOptions = {
  readonly services: Pick<StepServices, 'database' | 'config' | 'drivers'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
};

/** What a machine said lately is shown to whoever comes later. */
const KEPT_BYTES = 64 * 1024;

/** Makes the desk; it listens nowhere yet. */
export function createConsoleDesk({ services, logger, signal }: DeskOptions): ConsoleDesk {
  const { database, config, drivers } = services;
  const open = new Map<string, SharedConsole>();
  const listen = async (node: Node): Promise<void> => {
    if (open.has(node.uuid)) return;
    const machine = await machineOf(database, drivers, node);
    if (machine.driver.openConsole === undefined) return;
    const shared = await SharedConsole.listen(machine, config.console.listen_address, signal);
    open.set(node.uuid, shared);
  };
  const close = async (uuid: string): Promise<void> => {
    const shared = open.get(uuid);
    open.delete(uuid);
    await shared?.[Symbol.asyncDispose]();
  };
  return {
    async set(node, enabled) {
      await (enabled ? listen(node) : close(node.uuid));
      if (node.consoleEnabled === enabled) return;
      await updateNode(database, node.uuid, { consoleEnabled: enabled });
      await appendEvent(database, {
        kind: 'node.updated',
        nodeUuid: node.uuid,
        message: `console ${enabled ? 'enabled' : 'disabled'}`,
        data: { paths: ['/console_enabled'] },
      });
    },
    infoOf(nodeUuid) {
      const shared = open.get(nodeUuid);
      return shared === undefined ? null : { type: 'socat', url: shared.url };
    },
    async resume() {
      const nodes = (await listNodes(database)).filter((node) => node.consoleEnabled);
      for (const node of nodes)
        await listen(node).catch((error: unknown) =>
          logger.warn({ err: error, node: node.uuid }, 'a console was not opened again'),
        );
    },
    async stop() {
      await Promise.all([...open.keys()].map(close));
    },
  };
}

/**
 * A console that many may look at and type on. The machine's own session lasts as long as somebody
 * is there, for most BMCs have one only.
 */
class SharedConsole implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  readonly #machine: Machine;
  readonly #signal: AbortSignal;
  readonly #clients = new Set<Socket>();
  #session: Promise<ConsoleStream> | undefined;
  #kept: Buffer = Buffer.alloc(0);

  private constructor(machine: Machine, server: Server, url: string, signal: AbortSignal) {
    this.#machine = machine;
    this.#server = server;
    this.#signal = signal;
    this.url = url;
    server.on('connection', (client) => this.#join(client));
  }

  static async listen(
    machine: Machine,
    address: string,
    signal: AbortSignal,
  ): Promise<SharedConsole> {
    const wished = machine.driver.consolePort?.(machine.node) ?? 0;
    const server = createServer().listen(wished, address);
    try {
      await once(server, 'listening');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new IronpxeError('LISTEN_FAILED', `The console cannot be opened: ${why}.`, {
        cause: error,
      });
    }
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : wished;
    return new SharedConsole(machine, server, `tcp://${address}:${port}`, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    this.#server.close();
    await this.#end();
  }

  #join(client: Socket): void {
    this.#clients.add(client);
    client.write(this.#kept);
    client.on('error', () => client.destroy());
    client.on('data', (typed: Buffer) => void this.#type(typed));
    client.once('close', () => {
      this.#clients.delete(client);
      if (this.#clients.size === 0) void this.#end();
    });
    void this.#begin();
  }

  async #type(typed: Buffer): Promise<void> {
    const session = await this.#session?.catch(() => undefined);
    session?.input.write(typed);
  }

  /** Opens the machine's session, or tells all who wait why there is none. */
  async #begin(): Promise<void> {
    if (this.#session !== undefined) return;
    const { driver, node } = this.#machine;
    const opening = driver.openConsole?.(node, { signal: this.#signal });
    if (opening === undefined) return;
    this.#session = opening;
    try {
      const { output, input } = await opening;
      input.on('error', () => undefined);
      output.on('data', (said: Buffer) => this.#show(said));
      output.once('close', () => void this.#leave(opening, 'The session of the BMC ended.'));
      output.on('error', () => undefined);
    } catch (error) {
      await this.#leave(opening, explain(error));
    }
  }

  #show(said: Buffer): void {
    this.#kept = Buffer.concat([this.#kept, said]).subarray(-KEPT_BYTES);
    for (const client of this.#clients) client.write(said);
  }

  /** The session is over; who is still there is told, and may come again. */
  async #leave(session: Promise<ConsoleStream>, why: string): Promise<void> {
    if (this.#session !== session) return;
    for (const client of this.#clients) client.end(`\r\nironpxe: ${why}\r\n`);
    await this.#end();
  }

  async #end(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    try {
      await (await session)?.[Symbol.asyncDispose]();
    } catch {
      // It never was, or its BMC is gone; who was there was told.
    }
  }
}
