import test from 'ava';
import { attachedVifs, chooseSocket, TENANT_VIF } from '../../conductor/networking/vifs.ts';
import type { Portgroup } from '../../conductor/store/resources.ts';
import type { Port } from '../../conductor/store/types.ts';
import type { Mac } from '../../conductor/values/mac.ts';

function port(uuid: string, fields: Partial<Port> = {}): Port {
  return {
    uuid,
    nodeUuid: 'node',
    address: '52:54:00:00:00:01' as Mac,
    pxeEnabled: true,
    extra: {},
    internalInfo: {},
    localLinkConnection: {},
    portgroupUuid: null,
    physicalNetwork: null,
    isSmartnic: false,
    name: null,
    createdAt: '',
    updatedAt: null,
    ...fields,
  };
}

function group(uuid: string, fields: Partial<Portgroup> = {}): Portgroup {
  return {
    uuid,
    nodeUuid: 'node',
    name: null,
    address: null,
    mode: 'active-backup',
    properties: {},
    extra: {},
    internalInfo: {},
    standalonePortsSupported: true,
    createdAt: '',
    updatedAt: null,
    ...fields,
  };
}

const carries = (vif: string) => ({ internalInfo: { [TENANT_VIF]: vif } });

type Wish = Partial<Parameters<typeof chooseSocket>[0]>;

/** Ports and portgroups of a node, what is wished, and where the VIF goes or why it cannot. */
const ROWS: readonly (readonly [what: string, wish: Wish, outcome: string])[] = [
  ['no port', {}, 'VIF_NO_FREE_PORT'],
  ['the first free one', { ports: [port('a', carries('x')), port('b'), port('c')] }, 'b'],
  ['one that boots first', { ports: [port('a', { pxeEnabled: false }), port('b')] }, 'b'],
  ['any, at need', { ports: [port('a', { pxeEnabled: false })] }, 'a'],
  ['a portgroup before ports', { ports: [port('a')], portgroups: [group('g')] }, 'g'],
  ['all taken', { ports: [port('a', carries('x'))] }, 'VIF_NO_FREE_PORT'],
  ['taken by itself', { ports: [port('a', carries('vif')), port('b')] }, 'VIF_ATTACHED'],
  ['on a portgroup already', { portgroups: [group('g', carries('vif'))] }, 'VIF_ATTACHED'],
  [
    'no member of a portgroup that stands together',
    {
      ports: [port('a', { portgroupUuid: 'g' })],
      portgroups: [group('g', { standalonePortsSupported: false, ...carries('x') })],
    },
    'VIF_NO_FREE_PORT',
  ],
  [
    'a member of one that does not',
    { ports: [port('a', { portgroupUuid: 'g' })], portgroups: [group('g', carries('x'))] },
    'a',
  ],
  ['the wished port', { ports: [port('a'), port('b')], portUuid: 'b' }, 'b'],
  ['no other than it', { ports: [port('a')], portUuid: 'b' }, 'VIF_NO_FREE_PORT'],
  [
    'the wished portgroup',
    { ports: [port('g')], portgroups: [group('g'), group('h')], portgroupUuid: 'h' },
    'h',
  ],
  [
    'the right physical network',
    {
      ports: [port('a', { physicalNetwork: 'p1' }), port('b', { physicalNetwork: 'p2' })],
      physicalNetworks: ['p2'],
    },
    'b',
  ],
  ['a port without one reaches all', { ports: [port('a')], physicalNetworks: ['p2'] }, 'a'],
  [
    'a portgroup stands where its ports do',
    {
      ports: [port('a', { portgroupUuid: 'g', physicalNetwork: 'p1' })],
      portgroups: [group('g')],
      physicalNetworks: ['p2'],
    },
    'VIF_NO_FREE_PORT',
  ],
];

for (const [what, wish, outcome] of ROWS)
  test(what, (t) => {
    const choice = {
      nodeUuid: 'node',
      vif: 'vif',
      ports: [],
      portgroups: [],
      physicalNetworks: [],
      ...wish,
    };
    const choose = () => chooseSocket(choice);
    if (outcome.startsWith('VIF_')) t.throws(choose, { code: outcome });
    else {
      const socket = choose();
      t.is(socket.kind === 'port' ? socket.port.uuid : socket.portgroup.uuid, outcome);
    }
  });

test('attached VIFs are told with where they stand', (t) => {
  const ports = [port('a', carries('x')), port('b')];
  const found = attachedVifs({ ports, portgroups: [group('g', carries('y'))] });
  t.deepEqual(
    found.map(({ vif, socket }) => [vif, socket.kind]),
    [
      ['y', 'portgroup'],
      ['x', 'port'],
    ],
  );
});
