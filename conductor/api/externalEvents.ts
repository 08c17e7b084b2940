import { appendEvent } from '../store/events.ts';
import { listPorts } from '../store/ports.ts';
import type { Answer, Call } from './resource.ts';
import { externalEvents, parse } from './schemas.ts';

/** `POST /v1/events`: noted at the nodes whose MACs they name. Nothing waits for them. */
export async function takeEvents(call: Call): Promise<Answer> {
  const { events } = parse(externalEvents, call.body, 'events');
  for (const { event, mac_address: address, port_id: portId, status } of events) {
    const [port] = await listPorts(call.database, { address });
    await appendEvent(call.database, {
      kind: 'network.event',
      nodeUuid: port?.nodeUuid,
      message: `Neutron: ${event} of ${address}: ${status}`,
      data: { event, portId, status },
    });
  }
  return { status: 204 };
}
