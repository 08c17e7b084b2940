import type { Logger } from 'pino';
import { IronpxeError } from '../errors/error.ts';
import { isSettled, nextPlace, type Verb } from '../states/index.ts';
import { inTransaction } from '../store/database.ts';
import { appendEvent } from '../store/events.ts';
import { lockNode } from '../store/locks.ts';
import { getNode, invalidState, transition } from '../store/nodes.ts';
import { insertOperation } from '../store/operations.ts';
import type { Node, Operation } from '../store/types.ts';
import { reportKernelLine } from './bootLine.ts';
import { takeInDeployInfo } from './callback.ts';
import type { Conductor } from './conductor.ts';
import { machineOf } from './context.ts';
import { createEngine } from './engine.ts';
import { withinTime } from './power.ts';
import { createPowerSwitch } from './powerSwitch.ts';
import { PROCEDURES } from './procedures.ts';
import type { Procedure, StepServices } from './steps/types.ts';
import { assertValid, validateNode } from './validation.ts';
import type { WakeUps } from './wakeups.ts';

/** How long a request waits for other work on its node before it answers 409. */
const LOCK_WAIT_MS = 5_000;

export type ConductorOptions = {
  readonly services: StepServices;
  readonly wakeUps: WakeUps;
  readonly logger: Logger;
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
  const { services, wakeUps, logger } = options;
  const { database, drivers, config } = services;
  const stopping = new AbortController();
  const engine = createEngine({ ...options, owner: config.host, procedureOf });
  const lock = (node: Node) =>
    lockNode(database, node.uuid, {
      owner: config.host,
      waitMs: LOCK_WAIT_MS,
      signal: stopping.signal,
    });
  const powerSwitch = createPowerSwitch({ services, logger, lock, signal: stopping.signal });
  const machine = (node: Node) => machineOf(database, drivers, node);
  const withDeadline = <T>(what: string, work: (signal: AbortSignal) => Promise<T>) =>
    withinTime(config.deploy.power_timeout_seconds, what, stopping.signal, work);

  return {
    name: config.host,
    drivers,
    async provision(node, verb, { configDrive }) {
      assertLegal(node, verb);
      if (verb === 'deploy' || verb === 'rebuild') await assertValid(services, node);
      let operation: Operation | undefined;
      {
        await using _ = await lock(node);
        const fresh = await getNode(database, node.uuid);
        assertLegal({ ...fresh, reservation: null }, verb);
        if (fresh.provisionState === 'wait call-back') await engine.cancel(node.uuid);
        operation = await begin(services, fresh, verb, configDrive);
      }
      if (operation) engine.start(operation);
    },
    power: (node, target) => powerSwitch.begin(node, target),
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
    async passDeployInfo(node, info) {
      await takeInDeployInfo(database, node, info);
      wakeUps.wake(node.uuid);
    },
    async whileLocked(node, change) {
      await using _ = await lock(node);
      return change();
    },
    resume: () => engine.resumeAll(),
    async stop() {
      stopping.abort(new Error('the conductor stops'));
      await Promise.all([engine.stop(), powerSwitch.settled()]);
    },
  };
}

function procedureOf(verb: Verb): Procedure {
  const procedure = PROCEDURES[verb];
  if (procedure === undefined) throw new Error(`There is no procedure for the verb ${verb}.`);
  return procedure;
}

/** Checks the verb against the node's state and what drivers can do. */
function assertLegal(node: Node, verb: Verb): void {
  const here = { state: node.provisionState, targetState: node.targetProvisionState };
  const place = nextPlace(here, verb);
  if (place === undefined) {
    if (node.reservation === null) throw invalidState(node, verb);
    throw new IronpxeError(
      'NODE_LOCKED',
      `Node ${node.uuid} is locked by host ${node.reservation}, please retry after the current operation is completed.`,
    );
  }
  if (!isSettled(place.state) && PROCEDURES[verb] === undefined)
    throw new IronpxeError(
      'VERB_UNSUPPORTED',
      `Driver ${node.driver} does not support ${verb} (disabled or not implemented).`,
    );
  if ((verb === 'deploy' || verb === 'rebuild') && node.maintenance)
    throw new IronpxeError(
      'NODE_IN_MAINTENANCE',
      `The ${verb} operation can't be performed on node ${node.uuid} because it's in maintenance mode.`,
    );
}

/** Changes the state and journals the steps in one transaction; no steps when it is done at once. */
async function begin(
  services: StepServices,
  node: Node,
  verb: Verb,
  configDrive: string | undefined,
): Promise<Operation | undefined> {
  const patch = {
    lastError: null,
    ...(configDrive !== undefined && {
      instanceInfo: { ...node.instanceInfo, configdrive: configDrive },
    }),
  };
  return inTransaction(services.database, async (trx) => {
    const { provisionState } = await transition(trx, node.uuid, verb, { patch });
    if (isSettled(provisionState)) return undefined;
    const procedure = procedureOf(verb);
    const steps = procedure.steps.map(({ name }) => name);
    const operation = await insertOperation(trx, { nodeUuid: node.uuid, verb, steps });
    await appendEvent(trx, {
      kind: 'operation.started',
      nodeUuid: node.uuid,
      operationUuid: operation.uuid,
      message: verb,
      data: { verb, steps: procedure.steps.map(({ name, title }) => ({ name, title })) },
    });
    return operation;
  });
}
