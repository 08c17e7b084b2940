import { ask, at, enroll, node, port, type Scene } from '../steps.ts';

/** Agents, events, and bodies that are none. */
export const AGENT_SCENES: readonly Scene[] = [
  {
    name: 'agents and events',
    steps: [
      enroll(1, { name: 'g' }),
      ask('POST /v1/ports', { uuid: port(1), address: '52:54:00:00:00:01', node_uuid: node(1) }),
      ask('GET /v1/lookup?addresses=52:54:00:00:00:01'),
      ask('GET /v1/lookup?addresses=x'),
      ask('GET /v1/lookup?node_uuid=x'),
      ask(`GET /v1/lookup?node_uuid=${node(9)}`),
      ask('GET /v1/lookup?nope=x'),
      at(21, 'GET /v1/lookup?addresses=52:54:00:00:00:01'),
      ask(`POST /v1/heartbeat/${node(1)}`, { callback_url: 'http://127.0.0.1:1' }),
      ask(`POST /v1/heartbeat/${node(1)}`, {
        callback_url: 'http://127.0.0.1:1',
        agent_version: '1',
        agent_token: 'x',
      }),
      ask(`POST /v1/heartbeat/${node(1)}`, {}),
      ask(`POST /v1/heartbeat/${node(1)}`, { callback_url: 'http://127.0.0.1:1', nope: 1 }),
      ask(`POST /v1/heartbeat/${node(9)}`, {
        callback_url: 'http://127.0.0.1:1',
        agent_token: 'x',
        agent_version: '1',
      }),
      ask('POST /v1/heartbeat', { callback_url: 'x' }),
      at(21, `POST /v1/heartbeat/${node(1)}`, { callback_url: 'x' }),
      at(61, `POST /v1/heartbeat/${node(1)}`, { callback_url: 'x', agent_token: 'y' }),
      at(35, `POST /v1/heartbeat/${node(1)}`, { callback_url: 'x', agent_version: 'y' }),
      at(67, `POST /v1/heartbeat/${node(1)}`, {
        callback_url: 'x',
        agent_verify_ca: 'y',
        agent_token: 'z',
      }),
      at(71, `POST /v1/heartbeat/${node(1)}`, {
        callback_url: 'x',
        agent_status: 'end',
        agent_token: 'z',
      }),
      ask(`POST /v1/heartbeat/${node(1)}`, {
        callback_url: 'x',
        agent_status: 'nope',
        agent_token: 'z',
      }),
      ask('POST /v1/continue_inspection', { inventory: { interfaces: [] } }),
      ask('POST /v1/events', { events: [] }),
      ask('POST /v1/events', {}),
      ask('POST /v1/events', {
        events: [
          {
            event: 'network.bind_port',
            port_id: port(1),
            mac_address: '52:54:00:00:00:01',
            status: 'ACTIVE',
            device_id: node(1),
            'binding:host_id': node(1),
            'binding:vnic_type': 'baremetal',
          },
        ],
      }),
      ask('POST /v1/events', {
        events: [
          { event: 'network.bind_port', port_id: port(1), mac_address: '52:54:00:00:00:01' },
        ],
      }),
      ask('POST /v1/events', { events: [{ event: 'nope', port_id: port(1) }] }),
      ask('POST /v1/events', {
        events: [
          { event: 'network.bind_port', port_id: port(1), mac_address: 'x', status: 'ACTIVE' },
        ],
      }),
      at(53, 'POST /v1/events', { events: [] }),
      at(53, 'GET /v1/events'),
    ],
  },
  {
    name: 'bodies',
    steps: [
      ask('POST /v1/nodes', undefined, { raw: '{' }),
      ask('POST /v1/nodes', undefined, { raw: '[1,2' }),
      ask('POST /v1/nodes', undefined, { raw: '"x"' }),
      ask('POST /v1/nodes', undefined, { raw: 'null' }),
      ask('POST /v1/nodes', undefined, { raw: '5' }),
      ask('POST /v1/nodes', undefined, { raw: ' ' }),
      ask('GET /v1/nodes', undefined, { headers: { accept: 'text/html' } }),
      ask('GET /v1/nodes', undefined, { headers: { accept: 'application/xml' } }),
      ask('HEAD /v1/nodes'),
      ask('HEAD /v1'),
      ask('GET /v1/nodes/%ff'),
      ask('GET //v1/nodes'),
      ask('GET /v2/nodes'),
      ask('GET /v1.json'),
      ask('GET /v1/nodes.json'),
    ],
  },
];
