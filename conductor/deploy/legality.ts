import type { Config } from '../config/schema.ts';
import type { Driver } from '../drivers/types.ts';
import { IronpxeError } from '../errors/error.ts';
import { isSettled, nextPlace, type Verb } from '../states/index.ts';
import { invalidState } from '../store/nodes.ts';
import type { Node } from '../store/types.ts';
import type { ProvisionOptions } from './conductor.ts';
import { AGENT_DEPLOY_INTERFACE, AGENT_PROCEDURES } from './agentProcedures.ts';
import { procedureOf } from './procedures.ts';
import type { Procedure } from './steps/types.ts';

/** What Ironic calls a verb in its errors, of those that maintenance can forbid. */
const IN_MAINTENANCE: Readonly<Partial<Record<Verb, 'as configured' | 'never'>>> = {
  deploy: 'never',
  rebuild: 'never',
  provide: 'as configured',
  clean: 'never',
  service: 'never',
  rescue: 'never',
  unrescue: 'never',
};

/** Verbs that need an interface of the node, which may be switched off (`no-…`). */
const NEEDED_INTERFACE: Readonly<Partial<Record<Verb, string>>> = {
  inspect: 'inspect',
  rescue: 'rescue',
  unrescue: 'rescue',
};

/** Besides the node and the verb. */
type Circumstances = {
  readonly driver: Driver;
  readonly config: Config;
  readonly options: ProvisionOptions;
};

/**
 * Checks a verb against the node: maintenance and retirement, the state, what the driver can do.
 * @throws IronpxeError NODE_IN_MAINTENANCE, NODE_RETIRED, INVALID_STATE, NODE_LOCKED (illegal now,
 *   but the node is busy), VERB_UNSUPPORTED
 */
export function assertLegal(
  node: Node,
  verb: Verb,
  { driver, config, options }: Circumstances,
): void {
  refuseMaintenance(node, verb, { config, options });
  if (verb === 'provide' && node.retired)
    throw new IronpxeError(
      'NODE_RETIRED',
      `The provide operation can't be performed on node ${node.uuid} because it is retired.`,
    );
  const place = nextPlace(
    { state: node.provisionState, targetState: node.targetProvisionState },
    verb,
  );
  if (place === undefined) throw node.reservation === null ? invalidState(node, verb) : busy(node);
  // What is held has its procedure already, and goes on with it.
  if (!isSettled(place.state) && verb !== 'unhold') supportedProcedure(node, verb, driver);
}

/** How the node carries out the verb. @throws IronpxeError VERB_UNSUPPORTED */
export function supportedProcedure(node: Node, verb: Verb, driver: Driver): Procedure {
  const procedure = isAgentNode(node, driver) ? AGENT_PROCEDURES[verb] : procedureOf(driver, verb);
  const chosen = node.interfaces[NEEDED_INTERFACE[verb] ?? ''];
  if (procedure !== undefined && chosen?.startsWith('no-') !== true) return procedure;
  throw new IronpxeError(
    'VERB_UNSUPPORTED',
    `Driver ${node.driver} does not support ${verb} (disabled or not implemented).`,
  );
}

/** Whether the ramdisk of a node is an agent (IPA), by its deploy interface. */
function isAgentNode({ interfaces }: Node, driver: Driver): boolean {
  return driver.simulate === undefined && interfaces['deploy'] === AGENT_DEPLOY_INTERFACE;
}

function refuseMaintenance(
  node: Node,
  verb: Verb,
  { config, options }: Pick<Circumstances, 'config' | 'options'>,
): void {
  if (!node.maintenance) return;
  const rule = verb === 'abort' ? abortRule(node) : IN_MAINTENANCE[verb];
  const isAllowed = rule === 'as configured' && config.deploy.allow_in_maintenance;
  const isOnlyReading = verb === 'service' && options.serviceSteps === undefined;
  if (rule === undefined || isAllowed || isOnlyReading) return;
  throw new IronpxeError(
    'NODE_IN_MAINTENANCE',
    `The ${verb} operation can't be performed on node ${node.uuid} because it's in maintenance mode.`,
  );
}

/** Back to active only once an operator has looked at what a broken service left. */
function abortRule({ provisionState }: Node): 'never' | undefined {
  return provisionState === 'service failed' ? 'never' : undefined;
}

function busy(node: Node): IronpxeError {
  return new IronpxeError(
    'NODE_LOCKED',
    `Node ${node.uuid} is locked by host ${node.reservation}, please retry after the current operation is completed.`,
  );
}
