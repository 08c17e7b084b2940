import { driverByName } from '../drivers/registry.ts';
import { explain, hasCode } from '../errors/error.ts';
import { isSettled, nextPlace, STATES, type Verb } from '../states/index.ts';
import { inTransaction } from '../store/database.ts';
import { appendEvent } from '../store/events.ts';
import { getNode, transition } from '../store/nodes.ts';
import { insertOperation } from '../store/operations.ts';
import type { JsonObject, Node, NodePatch, Operation } from '../store/types.ts';
import { abortPatch } from './abort.ts';
import type { Conductor, ProvisionOptions } from './conductor.ts';
import type { Engine } from './engine.ts';
import { assertLegal, supportedProcedure } from './legality.ts';
import { REFUSAL_KEY } from './steps/refuse.ts';
import type { PlannedStep, PlanRequest, Procedure, StepServices } from './steps/types.ts';
import { templateSteps } from './templateSteps.ts';
import { assertValid } from './validation.ts';

type ProvisionServices = {
  readonly services: StepServices;
  readonly engine: Engine;
  readonly lock: (node: Node) => Promise<AsyncDisposable>;
  /** Tells the steps of a node that something happened to it. */
  readonly wake: (nodeUuid: string) => void;
};

/** Makes the conductor's `provision`: what begins verbs, ends waits, and journals operations. */
export function createProvision({
  services,
  engine,
  lock,
  wake,
}: ProvisionServices): Conductor['provision'] {
  const { config, database, drivers } = services;
  const check = (node: Node, verb: Verb, options: ProvisionOptions) =>
    assertLegal(node, verb, { driver: driverByName(drivers, node.driver), config, options });

  return async (node, verb, options) => {
    check(node, verb, options);
    if (verb === 'deploy' || verb === 'rebuild') await assertValid(services, node);
    let operation: Operation | undefined;
    {
      await using _ = await lock(node);
      const fresh = await getNode(database, node.uuid);
      check({ ...fresh, reservation: null }, verb, options);
      if (verb === 'unhold') {
        await transition(database, node.uuid, verb);
        return wake(node.uuid);
      }
      const planned = await planFor(services, fresh, verb, options);
      const isWaiting = STATES[fresh.provisionState].kind === 'waiting';
      const problem = isWaiting ? await engine.cancel(node.uuid) : undefined;
      operation = await begin(services, node.uuid, { verb, options, planned, problem });
    }
    if (operation) engine.start(operation);
  };
}

type Planned = { readonly steps: readonly PlannedStep[]; readonly data: JsonObject };

/** What the verb will do, before anything else is ended for it; `undefined` when it is done at once. */
async function planFor(
  { database, config, drivers }: StepServices,
  node: Node,
  verb: Verb,
  options: ProvisionOptions,
): Promise<Planned | undefined> {
  const here = { state: node.provisionState, targetState: node.targetProvisionState };
  const place = nextPlace(here, verb);
  if (place === undefined || isSettled(place.state)) return undefined;
  const templates = await templateSteps(database, node);
  const procedure = supportedProcedure(node, verb, driverByName(drivers, node.driver));
  return plan(procedure, { node, config, options, templateSteps: templates });
}

type Beginning = {
  readonly verb: Verb;
  readonly options: ProvisionOptions;
  readonly planned: Planned | undefined;
  /** What went wrong when the operation before was ended for this verb. */
  readonly problem: unknown;
};

/** Changes the state and journals the steps in one transaction. */
async function begin(
  { database }: StepServices,
  nodeUuid: string,
  { verb, options, planned, problem }: Beginning,
): Promise<Operation | undefined> {
  const node = await getNode(database, nodeUuid);
  if (planned === undefined) {
    const patch = verb === 'abort' ? abortPatch(node, problem) : {};
    await transition(database, nodeUuid, verb, { patch });
    return undefined;
  }
  const { steps, data } = planned;
  return inTransaction(database, async (trx) => {
    const patch = beginningPatch(node, verb, options, steps);
    await transition(trx, nodeUuid, verb, { patch });
    const journaled = steps.map(({ step: { name }, shown }) => ({ name, shown }));
    const operation = await insertOperation(trx, {
      nodeUuid,
      verb,
      steps: journaled,
      data,
    });
    await appendEvent(trx, {
      kind: 'operation.started',
      nodeUuid,
      operationUuid: operation.uuid,
      message: verb,
      data: { verb, steps: steps.map(({ step: { name, title } }) => ({ name, title })) },
    });
    return operation;
  });
}

/** The steps of the operation, or the one that tells why it has none. */
function plan({ plan: planned, steps, refusal }: Procedure, request: PlanRequest): Planned {
  if (planned === undefined)
    return { steps: steps.map((step) => ({ step, shown: null })), data: {} };
  try {
    return { steps: planned(request), data: {} };
  } catch (error) {
    if (refusal === undefined || !hasCode(error, 'STEP_UNKNOWN', 'STEP_INVALID')) throw error;
    return { steps: [{ step: refusal, shown: null }], data: { [REFUSAL_KEY]: explain(error) } };
  }
}

/** The list of steps stands in `driver_internal_info`, as in Ironic. */
function beginningPatch(
  node: Node,
  verb: Verb,
  { configDrive, disableRamdisk = false, cleanSteps, serviceSteps }: ProvisionOptions,
  steps: readonly PlannedStep[],
): NodePatch {
  const shown = steps.flatMap((one) => one.shown ?? []);
  const isDeploy = verb === 'deploy' || verb === 'rebuild';
  return {
    lastError: null,
    ...(configDrive !== undefined && {
      instanceInfo: { ...node.instanceInfo, configdrive: configDrive },
    }),
    driverInternalInfo: {
      ...node.driverInternalInfo,
      ...(isDeploy && { deploy_steps: shown }),
      ...(verb === 'clean' && {
        clean_steps: shown.length > 0 ? shown : cleanSteps,
        cleaning_disable_ramdisk: disableRamdisk,
      }),
      ...(serviceSteps && { service_steps: shown.length > 0 ? shown : serviceSteps }),
      ...((verb === 'provide' || verb === 'delete') && shown.length > 0 && { clean_steps: shown }),
    },
  };
}
