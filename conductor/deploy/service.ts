import type { Logger } from 'pino';
import { driverByName } from '../drivers/registry.ts';
import { appendEvent } from '../store/events.ts';
import { lockNode } from '../store/locks.ts';
import type { Node } from '../store/types.ts';
import { admissionOf } from './admission/admission.ts';
import { inspectedNode, takeInInspection } from './agent/inspection.ts';
import { checkAgentUrl } from './agent/session.ts';
import { issueAgentToken, takeInHeartbeat } from './agentReports.ts';
import { createAllocator } from './allocator.ts';
import { reportKernelLine } from './bootLine.ts';
import { takeInDeployInfo, takeInLoaderInfo } from './callback.ts';
import type { Conductor } from './conductor.ts';
import { createConsoleDesk } from './consoleDesk.ts';
import { machineOf } from './context.ts';
import { createEngine } from './engine.ts';
import { createBootModes } from './bootMode.ts';
import { enrollStranger } from './inspection/enroll.ts';
import { supportedProcedure } from './legality.ts';
import { checkImage } from './namedImage.ts';
import { failOrphans } from './orphans.ts';
import { withinTime } from './power.ts';
import { createPowerSync } from './powerSync/sync.ts';
import { createPowerSwitch } from './powerSwitch.ts';
import { createProvision } from './provision.ts';
import { relayOf } from './relay/desk.ts';
import type { StepServices } from './steps/types.ts';
import { validateNode } from './validation.ts';
import { createVifDesk } from './vifDesk.ts';
import { createMediaDesk } from './virtualMedia/desk.ts';
import type { WakeUps } from './wakeups.ts';

/** How long a request waits for other work on its node before it answers 409. */
const LOCK_WAIT_MS = 5_000;

export type ConductorOptions = {
  readonly services: StepServices;
  readonly wakeUps: WakeUps;
  readonly logger: Logger;
  /** The key of machines that enroll themselves; without it none may. */
  readonly strangerKey?: string | undefined;
};

/** The conductor behind the API, with what starts and stops its work. */
export type RunningConductor = Conductor & {
  /** Goes on with what was left by an earlier run. */
  resume(): Promise<void>;
  /** Lets go of all work; it stays journaled. */
  stop(): Promise<void>;
};

/** Makes the conductor; it does nothing until it is asked, or until `resume`. */
export function createConductor(options: ConductorOptions): RunningConductor {
  const { wakeUps, logger } = options;
  const { database, drivers, config } = options.services;
  const services = {
    ...options.services,
    admission: options.services.admission ?? admissionOf(config),
    relay: options.services.relay ?? relayOf(config),
  };
  const stopping = new AbortController();
  const engine = createEngine({
    ...options,
    services,
    owner: config.host,
    procedureOf: (verb, node) => supportedProcedure(node, verb, driverByName(drivers, node.driver)),
  });
  const lock = (node: Node) =>
    lockNode(database, node.uuid, {
      owner: config.host,
      waitMs: LOCK_WAIT_MS,
      signal: stopping.signal,
    });
  const powerSwitch = createPowerSwitch({ services, logger, lock, signal: stopping.signal });
  const powerSync = createPowerSync({
    services,
    logger,
    lockNow: (node) =>
      lockNode(database, node.uuid, { owner: config.host, waitMs: 0, signal: stopping.signal }),
    signal: stopping.signal,
  });
  const allocator = createAllocator({ database, logger, lock, signal: stopping.signal });
  const consoles = createConsoleDesk({ services, logger, signal: stopping.signal });
  const machine = (node: Node) => machineOf(database, drivers, node);
  const withDeadline = <T>(what: string, work: (signal: AbortSignal) => Promise<T>) =>
    withinTime(config.deploy.power_timeout_seconds, what, stopping.signal, work);

  const bootModes = createBootModes({ services, lock, withDeadline });
  const media = createMediaDesk({ services, logger, lock, signal: stopping.signal });
  const vifs = createVifDesk({ networking: services.networking, lock, signal: stopping.signal });

  return {
    name: config.host,
    drivers,
    provision: createProvision({ services, engine, lock, wake: (uuid) => wakeUps.wake(uuid) }),
    power: (node, target, { timeoutSeconds } = {}) =>
      powerSwitch.begin(node, { target, timeoutSeconds }),
    async bootDevice(node) {
      const found = await machine(node);
      return withDeadline('an answer', (signal) => found.driver.bootDevice(found.node, { signal }));
    },
    async setBootDevice(node, device, persistent) {
      await using _ = await lock(node);
      const found = await machine(node);
      await withDeadline(`boot device ${device}`, (signal) =>
        found.driver.setBootDevice(found.node, device, { persistent, signal }),
      );
      const data = { device, persistent };
      const message = `boot device: ${device}`;
      const nodeUuid = node.uuid;
      await appendEvent(database, { kind: 'boot_device.changed', nodeUuid, message, data });
    },
    validate: (node) => validateNode(services, node),
    kernelLine: (node) => reportKernelLine(services, node),
    checkImage: (image) => checkImage(image, config.images.file_url_allowed_paths),
    async passDeployInfo(node, info) {
      const reply = await takeInDeployInfo(database, node, info);
      wakeUps.wake(node.uuid);
      return reply;
    },
    async passLoaderInfo(node, info) {
      await takeInLoaderInfo(database, node, info);
      wakeUps.wake(node.uuid);
    },
    async agentToken(node) {
      await using _ = await lock(node);
      return issueAgentToken(database, node.uuid);
    },
    async passHeartbeat(node, heartbeat) {
      checkAgentUrl(heartbeat.callbackUrl, { requireTls: config.agent.require_tls });
      await takeInHeartbeat(database, node, heartbeat);
      wakeUps.wake(node.uuid);
    },
    inspectedNode: (agent) => inspectedNode(database, agent),
    async continueInspection(nodeUuid, report) {
      await takeInInspection(database, nodeUuid, report);
      wakeUps.wake(nodeUuid);
    },
    enroll: (report) => enrollStranger({ database, config, key: options.strangerKey }, report),
    allocate: allocator.begin,
    backfill: (uuid, node) => allocator.backfill(uuid, node),
    consoles,
    ...bootModes,
    attachMedia: media.attachMedia,
    detachMedia: media.detachMedia,
    ...vifs,
    async whileLocked(node, change) {
      await using _ = await lock(node);
      return change();
    },
    async resume() {
      await allocator.resume();
      await failOrphans(database);
      await engine.resumeAll();
      await consoles.resume();
      powerSync.start();
    },
    async stop() {
      stopping.abort(new Error('the conductor stops'));
      await Promise.all([
        engine.stop(),
        powerSwitch.settled(),
        allocator.settled(),
        powerSync.settled(),
        consoles.stop(),
        media.settled(),
      ]);
    },
  };
}
