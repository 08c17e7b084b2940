import type { PowerState } from '../../drivers/types.ts';
import { explain, hasCode, IronpxeError } from '../../errors/error.ts';
import type { EventKind } from '../../events/kinds.ts';
import { inTransaction } from '../../store/database.ts';
import { appendEvent } from '../../store/events.ts';
import { getNode, updateNode } from '../../store/nodes.ts';
import { unfinishedOperations } from '../../store/operations.ts';
import type { JsonObject, Node, NodePatch } from '../../store/types.ts';
import { machineOf } from '../context.ts';
import { faultPatch } from '../outcome.ts';
import { powerTimeoutOf, withinTime } from '../power.ts';
import { decide, isIdle, POWER_FAULT, type SyncDecision, type SyncRules } from './decide.ts';
import type { PowerSyncOptions } from './sync.ts';

/** What a machine said: its state, or why it could not be read. */
type Reading = { readonly found: PowerState } | { readonly found: undefined; readonly why: string };

/**
 * Reads a machine's power state and does what follows, unless somebody began to work on the node.
 * @param failures in a row, before this look
 * @returns failures in a row, after it
 */
export async function lookAt(
  options: PowerSyncOptions,
  rules: SyncRules,
  node: Node,
  failures: number,
): Promise<number> {
  const reading = await read(options, node);
  const { found } = reading;
  const differs = node.powerState !== null && found !== node.powerState;
  const now = found === undefined || differs ? failures + 1 : 0;
  const decision = decide(node, found, now, rules);
  if (decision.kind === 'same' || decision.kind === 'wait') return now;
  try {
    await using _ = await options.lockNow(node);
    const fresh = await getNode(options.services.database, node.uuid);
    if (await isUntouched(options, fresh, node)) await act(options, node, decision, reading);
  } catch (error) {
    if (!hasCode(error, 'NODE_LOCKED', 'NODE_NOT_FOUND')) throw error;
  }
  return decision.kind === 'force' || decision.kind === 'fault' ? now : 0;
}

async function read({ services, signal }: PowerSyncOptions, node: Node): Promise<Reading> {
  const { database, drivers, config } = services;
  const { driver, node: machine } = await machineOf(database, drivers, node);
  try {
    driver.validate(machine);
    const timeoutSeconds = config.deploy.power_timeout_seconds;
    const found = await withinTime(timeoutSeconds, 'an answer', signal, (within) =>
      driver.powerState(machine, { signal: within }),
    );
    return { found };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof IronpxeError)) throw error;
    return { found: undefined, why: explain(error) };
  }
}

/** Whether the node still is what the decision was about. The lock is ours, so it does not count. */
async function isUntouched(
  { services }: PowerSyncOptions,
  fresh: Node,
  node: Node,
): Promise<boolean> {
  const same = fresh.powerState === node.powerState && fresh.maintenance === node.maintenance;
  const idle = isIdle({ ...fresh, reservation: null });
  return same && idle && (await unfinishedOperations(services.database, node.uuid)).length === 0;
}

async function act(
  options: PowerSyncOptions,
  node: Node,
  decision: SyncDecision,
  reading: Reading,
): Promise<void> {
  const { found } = reading;
  const change = changeOf(options, node);
  const data = { found, expected: node.powerState };
  const said = `found in "${found}", expected "${node.powerState}"`;
  switch (decision.kind) {
    case 'note':
      return change({ powerState: decision.found }, 'power.changed', `found in "${found}"`, data);
    case 'adopt':
      return change({ powerState: decision.found }, 'power.unexpected', said, data);
    case 'force':
      await change({}, 'power.unexpected', `${said}; switching it back`, data);
      return switchBack(options, node);
    case 'recover': {
      const patch = { maintenance: false, maintenanceReason: null, fault: null };
      const message = 'the power state can be read again';
      return change({ ...patch, powerState: decision.found }, 'power.recovered', message, data);
    }
    case 'fault': {
      const why = 'why' in reading ? reading.why : `${said}, and it does not stay switched`;
      const message = `During sync_power_state, ${why}`;
      const patch = { ...faultPatch(node, POWER_FAULT, message), powerState: found ?? null };
      return change({ ...patch, lastError: message }, 'power.failure', message, data);
    }
    case 'same':
    case 'wait':
  }
}

function changeOf({ services }: PowerSyncOptions, { uuid: nodeUuid }: Node) {
  return (patch: NodePatch, kind: EventKind, message: string, data: JsonObject): Promise<void> =>
    inTransaction(services.database, async (trx) => {
      if (Object.keys(patch).length > 0) await updateNode(trx, nodeUuid, patch);
      await appendEvent(trx, { kind, nodeUuid, message, data });
    });
}

/** Switches the machine to the state that it shall have; what goes wrong counts at the next look. */
async function switchBack(options: PowerSyncOptions, node: Node): Promise<void> {
  const { services, signal } = options;
  const { database, drivers, config } = services;
  const { powerState } = node;
  if (powerState === null) return;
  const { driver, node: machine } = await machineOf(database, drivers, node);
  const change = changeOf(options, node);
  try {
    await withinTime(powerTimeoutOf(driver, config), powerState, signal, (within) =>
      driver.setPower(machine, powerState, { signal: within }),
    );
    await change({}, 'power.changed', powerState, { target: powerState });
  } catch (error) {
    signal.throwIfAborted();
    await change({}, 'power.changed', `${powerState} failed: ${explain(error)}`, {});
  }
}
