import {
  ask,
  at,
  enroll,
  instance,
  node,
  patch,
  power,
  provision,
  type Scene,
  toState,
  verb,
} from '../steps.ts';

/** Verbs of states/provision. */
export const VERB_SCENES: readonly Scene[] = [
  {
    name: 'verbs, from each state',
    steps: (['enroll', 'manageable', 'available', 'active'] as const).flatMap((state, index) => [
      enroll(index + 1, {
        name: `n-${index + 1}`,
        instance_info: { image_source: 'http://x/y', image_checksum: 'abc', root_gb: 10 },
      }),
      ...toState[state](index + 1),
      ...[
        'active',
        'deleted',
        'rebuild',
        'manage',
        'provide',
        'inspect',
        'abort',
        'clean',
        'adopt',
        'rescue',
        'unrescue',
        'deploy',
        'undeploy',
        'unhold',
        'service',
        'verify',
        '',
        null,
        'Active',
      ].flatMap((wanted) =>
        [1, 4, 6, 13, 15, 17, 38, 73, 82].flatMap((minor) =>
          (wanted === 'manage' && state === 'enroll') ||
          (['provide', 'inspect', 'adopt'].includes(String(wanted)) && state === 'manageable') ||
          (['active', 'deploy', 'manage'].includes(String(wanted)) && state === 'available') ||
          (['deleted', 'undeploy', 'rebuild'].includes(String(wanted)) && state === 'active')
            ? []
            : [
                at(minor, `PUT /v1/nodes/${node(index + 1)}/states/provision`, {
                  target: wanted,
                }),
              ],
        ),
      ),
      ask(`GET /v1/nodes/${node(index + 1)}`),
    ]),
  },
  {
    name: 'parameters of verbs',
    steps: [
      enroll(1, {
        instance_info: { image_source: 'http://x/y', image_checksum: 'abc', root_gb: 10 },
      }),
      ...[
        'configdrive',
        'clean_steps',
        'deploy_steps',
        'rescue_password',
        'disable_ramdisk',
        'nope',
        'service_steps',
        'runbook',
      ].flatMap((name) =>
        ['active', 'rebuild', 'clean', 'rescue', 'deleted', 'provide'].flatMap((wanted) =>
          [1, 15, 34, 35, 55, 56, 59, 69, 70, 82].map((minor) =>
            at(minor, `PUT /v1/nodes/${node(1)}/states/provision`, {
              target: wanted,
              [name]: name.endsWith('steps')
                ? [
                    {
                      interface: 'deploy',
                      step: 'x',
                      ...(name !== 'clean_steps' && { args: {}, priority: 10 }),
                    },
                  ]
                : name === 'disable_ramdisk'
                  ? true
                  : 'eA==',
            }),
          ),
        ),
      ),
      ask(`PUT /v1/nodes/${node(1)}/states/provision`, {}),
      ask(`PUT /v1/nodes/${node(1)}/states/provision`),
      ask(`PUT /v1/nodes/${node(1)}/states/provision`, { target: 5 }),
      ...verb(1, 'manage'),
      provision(1, 'clean'),
      provision(1, 'clean', { clean_steps: [] }),
      provision(1, 'clean', { clean_steps: 'x' }),
      provision(1, 'clean', { clean_steps: [{}] }),
      provision(1, 'clean', { clean_steps: [{ interface: 'nope', step: 'x' }] }),
      provision(1, 'clean', { clean_steps: [{ interface: 'deploy', step: 'x', args: 5 }] }),
      provision(1, 'clean', { clean_steps: [{ interface: 'deploy', step: 'x', extra: 5 }] }),
      ...verb(1, 'clean', { clean_steps: [{ interface: 'deploy', step: 'nope' }] }),
      ...verb(1, 'manage'),
      ...verb(1, 'clean', {
        clean_steps: [{ interface: 'deploy', step: 'erase_devices_metadata' }],
      }),
      ...verb(1, 'clean', { clean_steps: [{ interface: 'raid', step: 'delete_configuration' }] }),
      ...verb(1, 'clean', { clean_steps: [{ interface: 'raid', step: 'create_configuration' }] }),
      ...verb(1, 'manage'),
      ...verb(1, 'provide'),
      ...verb(1, 'active', { configdrive: { meta_data: { a: 1 }, vendor_data: 5 } }),
      ...verb(1, 'active', { configdrive: { nope: 1 } }),
      ...verb(1, 'active', { configdrive: 'not base64!' }),
      provision(1, 'active', { deploy_steps: [{ interface: 'deploy', step: 'x' }] }),
      provision(1, 'active', {
        deploy_steps: [{ interface: 'deploy', step: 'x', args: {}, priority: -1 }],
      }),
      ...verb(1, 'active', { configdrive: 'http://x/y' }),
      ...verb(1, 'deleted'),
    ],
  },
  {
    name: 'a life',
    steps: [
      enroll(1, {
        name: 'life',
        resource_class: 'baremetal',
        instance_info: { image_source: 'http://x/y', image_checksum: 'abc', root_gb: 10 },
      }),
      ...verb(1, 'manage'),
      ...verb(1, 'inspect'),
      ask(`GET /v1/nodes/${node(1)}/inventory`),
      ask(`GET /v1/nodes/${node(1)}/history`),
      ...verb(1, 'provide'),
      ...power(1, 'power on'),
      ask(`GET /v1/nodes/${node(1)}`),
      patch('nodes/life', ['add', '/retired', true]),
      patch('nodes/life', ['add', '/instance_uuid', instance(1)]),
      patch('nodes/life', ['add', '/instance_info/configdrive', 'x']),
      patch('nodes/life', ['remove', '/instance_info/configdrive']),
      ask('DELETE /v1/nodes/life'),
      ...verb(1, 'active'),
      ask('GET /v1/nodes/life/states'),
      ask('DELETE /v1/nodes/life'),
      patch('nodes/life', ['add', '/resource_class', 'other']),
      patch('nodes/life', ['add', '/power_interface', 'fake']),
      patch('nodes/life', ['add', '/protected', true], ['add', '/protected_reason', 'why']),
      provision(1, 'deleted'),
      provision(1, 'rebuild'),
      ask('DELETE /v1/nodes/life'),
      patch('nodes/life', ['remove', '/protected']),
      patch('nodes/life', ['add', '/retired', true]),
      ...verb(1, 'rebuild'),
      provision(1, 'rescue'),
      ...verb(1, 'rescue', { rescue_password: 'pw' }),
      ...verb(1, 'rescue', { rescue_password: 'pw' }),
      ...verb(1, 'unrescue'),
      ask(`PUT /v1/nodes/${node(1)}/maintenance`, { reason: 'broken' }),
      ask(`PUT /v1/nodes/${node(1)}/maintenance`, { reason: 'broken', nope: 1 }),
      ask(`PUT /v1/nodes/${node(1)}/maintenance`),
      ask(`PUT /v1/nodes/${node(1)}/maintenance`, { reason: null }),
      ask(`GET /v1/nodes/${node(1)}`),
      provision(1, 'rescue', { rescue_password: 'pw' }),
      ask(`DELETE /v1/nodes/${node(1)}/maintenance`),
      ask(`GET /v1/nodes/${node(1)}`),
      ...verb(1, 'deleted'),
      ask('GET /v1/nodes/life'),
      patch('nodes/life', ['remove', '/retired']),
      provision(1, 'active'),
      ...verb(1, 'provide'),
      ask(`PUT /v1/nodes/${node(1)}/maintenance`, { reason: 'broken' }),
      ...verb(1, 'active'),
      ask(`DELETE /v1/nodes/${node(1)}/maintenance`),
      ...verb(1, 'active'),
      ...verb(1, 'deleted'),
      ask('GET /v1/nodes/life/history'),
      ask('GET /v1/nodes/life/history?detail=True'),
      ...verb(1, 'manage'),
      ...verb(1, 'adopt'),
      ask('DELETE /v1/nodes/life'),
      ask(`PUT /v1/nodes/${node(1)}/maintenance`),
      ask('DELETE /v1/nodes/life'),
      ask('GET /v1/nodes/life'),
    ],
  },
];
