import { randomUUID } from 'node:crypto';
import { inTransaction } from '../../store/database.ts';
import { putInventory } from '../../store/inventories.ts';
import { updateNode } from '../../store/nodes.ts';
import { insertPort, listPorts, updatePort } from '../../store/ports.ts';
import { agentForm, switchesOf } from '../inspection/agentForm.ts';
import { portChanges } from '../inspection/ports.ts';
import { inspectedProperties } from '../inspection/properties.ts';
import type { JsonObject } from '../../store/types.ts';
import type { Inventory } from '../ramdisk/types.ts';
import type { Step, StepContext } from './types.ts';
import { withRamdisk } from './withRamdisk.ts';

/** Asks the ramdisk what the machine is made of, and keeps it all in one transaction. */
export const INSPECT_HARDWARE: Step = {
  name: 'inspect_hardware',
  title: 'Looking at the hardware',
  async run(context) {
    const { lldp_seconds: lldpSeconds } = context.services.config.inspect;
    const found = await withRamdisk(context, (ramdisk, signal) =>
      ramdisk.inventory({ signal, lldpSeconds }),
    );
    await keepInventory(context, found, {
      inventory: agentForm(found),
      pluginData: switchesOf(found),
    });
  },
};

/**
 * Keeps what was found: properties, ports, and the inventory as the API gives it.
 * @throws IronpxeError MAC_EXISTS when a NIC is a port of another node
 */
export async function keepInventory(
  context: StepContext,
  found: Inventory,
  shown: { readonly inventory: JsonObject; readonly pluginData: JsonObject },
): Promise<void> {
  const { nodeUuid, services } = context;
  const node = await context.node();
  const properties = inspectedProperties(node.properties, found);
  await inTransaction(services.database, async (trx) => {
    await updateNode(trx, nodeUuid, { properties });
    await putInventory(trx, nodeUuid, shown);
    const ports = await listPorts(trx, { nodeUuid });
    const { create, update } = portChanges(found, ports, services.config.inspect.add_ports);
    for (const port of create) await insertPort(trx, { uuid: randomUUID(), nodeUuid, ...port });
    for (const { uuid, ...change } of update) await updatePort(trx, uuid, change);
  });
  const { cpu, disks, nics } = found;
  const message = `${cpu.count} CPUs, ${disks.length} disks, ${nics.length} NICs`;
  await context.observe('inspect.done', message);
}

/** Notes when the inspection began, as Ironic does. */
export const BEGIN_INSPECTION: Step = {
  name: 'begin_inspection',
  title: 'Beginning the inspection',
  run: (context) =>
    context.updateNode({
      inspectionStartedAt: new Date().toISOString(),
      inspectionFinishedAt: null,
    }),
};

/** Notes when it was over; nothing is under way any more. */
export const END_INSPECTION: Step = {
  name: 'end_inspection',
  title: 'Ending the inspection',
  run: (context) =>
    context.updateNode({
      inspectionStartedAt: null,
      inspectionFinishedAt: new Date().toISOString(),
    }),
};
