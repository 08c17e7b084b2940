import { driverByName } from '../drivers/registry.ts';
import { explain } from '../errors/error.ts';
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
};

/** Makes the conductor's `provision`: what begins verbs, ends waits, and journals operations. */
export function createProvision({
  services,
  engine,
  lock,
}: ProvisionServices): Conductor['provision'] {
  const { config, drivers } = services;
  const check = (node: Node, verb: Verb) =>
    assertLegal(node, verb, driverByName(drivers, node.driver), config);

  return async (node, verb, options) => {
    check(node, verb);
    if (verb === 'deploy' || verb === 'rebuild') await assertValid(services, node);
    let operation: Operation | undefined;
    {
      await using _ = await lock(node);
      const fresh = await getNode(services.database, node.uuid);
      check({ ...fresh, reservation: null }, verb);
      const isWaiting = STATES[fresh.provisionState].kind === 'waiting';
      const problem = isWaiting ? await engine.cancel(node.uuid) : undefined;
      operation = await begin(services, fresh, verb, options, problem);
    }
    if (operation) engine.start(operation);
  };
}

/**
 * Changes the state and journals the steps in one transaction; no steps when it is done at once.
 * `problem` is what went wrong when the operation before was ended for this verb.
 */
async function begin(
  services: StepServices,
  node: Node,
  verb: Verb,
  options: ProvisionOptions,
  problem: unknown,
): Promise<Operation | undefined> {
  const here = { state: node.provisionState, targetState: node.targetProvisionState };
  const place = nextPlace(here, verb);
  if (place === undefined || isSettled(place.state)) {
    const patch = verb === 'abort' ? abortPatch(node, problem) : {};
    await transition(services.database, node.uuid, verb, { patch });
    return undefined;
  }
  const { database, config, drivers } = services;
  const templates = await templateSteps(database, node);
  const procedure = supportedProcedure(node, verb, driverByName(drivers, node.driver));
  const { steps, data } = plan(procedure, { node, config, options, templateSteps: templates });
  return inTransaction(database, async (trx) => {
    const patch = beginningPatch(node, verb, options, steps);
    await transition(trx, node.uuid, verb, { patch });
    const journaled = steps.map(({ step: { name }, shown }) => ({ name, shown }));
    const operation = await insertOperation(trx, {
      nodeUuid: node.uuid,
      verb,
      steps: journaled,
      data,
    });
    await appendEvent(trx, {
      kind: 'operation.started',
      nodeUuid: node.uuid,
      operationUuid: operation.uuid,
      message: verb,
      data: { verb, steps: steps.map(({ step: { name, title } }) => ({ name, title })) },
    });
    return operation;
  });
}

/** The steps of the operation, or the one that tells why it has none. */
function plan(
  { plan: planned, steps, refusal }: Procedure,
  request: PlanRequest,
): { readonly steps: readonly PlannedStep[]; readonly data: JsonObject } {
  if (planned === undefined)
    return { steps: steps.map((step) => ({ step, shown: null })), data: {} };
  try {
    return { steps: planned(request), data: {} };
  } catch (error) {
    if (refusal === undefined) throw error;
    return { steps: [{ step: refusal, shown: null }], data: { [REFUSAL_KEY]: explain(error) } };
  }
}

/** The list of steps stands in `driver_internal_info`, as in Ironic. */
function beginningPatch(
  node: Node,
  verb: Verb,
  { configDrive, disableRamdisk = false, cleanSteps }: ProvisionOptions,
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
      ...((verb === 'provide' || verb === 'delete') && shown.length > 0 && { clean_steps: shown }),
    },
  };
}
