import { createHash, randomFillSync } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { candidates } from '../../conductor/netboot/dhcp/allocate.ts';
import { dhcpConfig } from '../../conductor/netboot/dhcp/config.ts';
import type { NewEvent } from '../../conductor/events/kinds.ts';
import type { NetbootOptions } from '../../conductor/netboot/start.ts';
import type { Mac } from '../../conductor/values/mac.ts';
import { Bench, NETBOOT_OPTIONS } from '../netboot/support/bench.ts';
import { bootFacts, machine, MAC, NODE } from '../netboot/support/machines.ts';
import { needing } from '../netboot/support/needing.ts';
import type { Running, TestNamespace } from '../netboot/support/netns.ts';

const OS_MAC = '52:54:00:00:00:77' as Mac;

/** The events that a server has printed. */
function eventsOf({ output }: Running): NewEvent[] {
  const lines = output.text.split('\n').filter((line) => line.startsWith('{"kind"'));
  return lines.map((line) => JSON.parse(line) as NewEvent);
}

/** Files that a machine fetched, with the protocol, in order. */
function fetched(server: Running): string[] {
  return eventsOf(server)
    .filter(({ kind }) => kind === 'tftp.done' || kind === 'http.done')
    .map(({ kind, data }) => `${kind.split('.')[0]} ${String(data?.['file'])}`);
}

/**
 * iPXE's Linux image stands in for a kernel: a bzImage that is small, comes with the loader, and
 * runs its command line as commands, so the serial console shows what it was started with.
 */
async function bootableMachine(bench: Bench, ipxe: boolean) {
  const ramdisk = await bench.file('ramdisk', randomFillSync(Buffer.alloc(1_500_000)));
  const files = { deploy_kernel: '/usr/lib/ipxe/ipxe.lkrn', deploy_ramdisk: ramdisk };
  return machine({
    host: { nodeUuid: NODE, hostname: 'rack-1', ipxe },
    boot: bootFacts({ files, deployOptions: 'echo KERNEL-STARTED with' }),
  });
}

const BOOTS: [string, boolean, NetbootOptions['ipxeRom'] & string, string[], string][] = [
  [
    'pxelinux and TFTP',
    false,
    'use',
    [
      'tftp pxelinux.0',
      'tftp ldlinux.c32',
      'tftp pxelinux.cfg/01-52-54-00-00-00-01',
      `tftp ${NODE}/deploy_kernel`,
      `tftp ${NODE}/deploy_ramdisk`,
    ],
    'BOOTIF=01-52-54-00-00-00-01',
  ],
  [
    'the ROM’s iPXE and HTTP',
    true,
    'use',
    [
      'http /boot.ipxe',
      'http /pxelinux.cfg/52-54-00-00-00-01',
      `http /${NODE}/deploy_kernel`,
      `http /${NODE}/deploy_ramdisk`,
    ],
    'BOOTIF=52:54:00:00:00:01',
  ],
  [
    'chainloaded undionly.kpxe and HTTP',
    true,
    'chainload',
    [
      'http /boot.ipxe',
      'tftp undionly.kpxe',
      'http /boot.ipxe',
      'http /pxelinux.cfg/52-54-00-00-00-01',
      `http /${NODE}/deploy_kernel`,
      `http /${NODE}/deploy_ramdisk`,
    ],
    'BOOTIF=52:54:00:00:00:01',
  ],
];

for (const [way, ipxe, ipxeRom, files, bootif] of BOOTS)
  needing(['qemu-system-x86_64'], `SeaBIOS boots through ${way}`, async (t) => {
    t.timeout(120_000);
    await using bench = await Bench.make('boot');
    const server = await bench.serve({ ...NETBOOT_OPTIONS, ipxeRom }, [
      await bootableMachine(bench, ipxe),
    ]);
    const { output } = bench.machine(MAC, 100_000);
    const [started = ''] = await output.waitFor(/KERNEL-STARTED with \S+[\r\n]/);
    t.true(started.includes(bootif), started);
    t.deepEqual(fetched(server), files);
    const acks = eventsOf(server).filter(({ kind }) => kind === 'dhcp.ack');
    t.deepEqual(new Set(acks.map(({ data }) => data?.['address'])).size, 1);
    t.true(acks.every(({ nodeUuid }) => nodeUuid === NODE));
  });

needing(
  ['qemu-system-x86_64'],
  'a machine with nothing to boot gets an address and goes on at once',
  async (t) => {
    t.timeout(60_000);
    await using bench = await Bench.make('none');
    const server = await bench.serve(NETBOOT_OPTIONS, [machine({ boot: undefined })]);
    const { output } = bench.machine(MAC, 50_000);
    await output.waitFor(/No more network devices|Nothing to boot|No bootable device/);
    const ack = eventsOf(server).find(({ kind }) => kind === 'dhcp.ack');
    t.is(ack?.data?.['noBootFile'], 'nothing to boot');
    t.deepEqual(fetched(server), []);
  },
);

/** Starts udhcpc in a client's namespace; its script prints each event and sets the address. */
async function udhcpc(bench: Bench, client: TestNamespace, ...args: string[]): Promise<Running> {
  const script = await bench.file('script', SCRIPT);
  await chmod(script, 0o755);
  return client.start('busybox', ['udhcpc', '-f', '-i', 'eth0', '-s', script, ...args], 50_000);
}

const SCRIPT = `#!/bin/sh
[ "$1" = bound ] && /bin/busybox ip addr replace "$ip/24" dev "$interface"
echo "udhcpc-event $1 $ip $lease $serverid boot_file=$boot_file"
exit 0
`;

needing(['busybox'], 'udhcpc: lease, renewal, release, and the same address again', async (t) => {
  await using bench = await Bench.make('lease');
  const server = await bench.serve(NETBOOT_OPTIONS, []);
  const client = await bench.client('os', OS_MAC);
  const { child, output } = await udhcpc(bench, client);
  const [, address = ''] = await output.waitFor(/event bound (\S+) 600 192\.0\.2\.1 boot_file=\n/);
  child.kill('SIGUSR1');
  await output.waitFor(/event renew/);
  child.kill('SIGUSR2');
  await server.output.waitFor(/dhcp\.release/);
  t.deepEqual(
    eventsOf(server).map(({ kind }) => kind),
    ['dhcp.discover', 'dhcp.offer', 'dhcp.ack', 'dhcp.ack', 'dhcp.release'],
  );
  const again = await udhcpc(bench, client, '-q');
  await again.output.waitFor(new RegExp(`event bound ${address} `));
});

needing(
  ['busybox'],
  'udhcpc: an address that is in use is declined, and another one given',
  async (t) => {
    await using bench = await Bench.make('decline');
    const [subnet] = dhcpConfig(NETBOOT_OPTIONS.dhcp).subnets;
    const first = subnet && candidates(subnet, OS_MAC).next().value;
    await bench.namespace.ip(`addr add ${String(first)}/32 dev br0`);
    const server = await bench.serve(NETBOOT_OPTIONS, []);
    const client = await bench.client('os', OS_MAC);
    const { output } = await udhcpc(bench, client, '-a', '-q', '-A', '1');
    const [, address] = await output.waitFor(/event bound (\S+) 600/);
    t.not(address, first);
    const declined = eventsOf(server).find(({ kind }) => kind === 'dhcp.decline');
    t.is(declined?.data?.['address'], first);
  },
);

needing(
  ['busybox'],
  'udhcpc: an unknown machine is ignored when the configuration says so',
  async (t) => {
    await using bench = await Bench.make('ignore');
    const dhcp = { ...NETBOOT_OPTIONS.dhcp, unknownMachines: 'ignore' } as const;
    const server = await bench.serve({ ...NETBOOT_OPTIONS, dhcp }, [machine()]);
    const stranger = await bench.client('os', OS_MAC);
    const refused = await udhcpc(bench, stranger, '-n', '-q', '-t', '1', '-T', '1');
    await refused.output.waitFor(/event leasefail/);
    const known = await bench.client('known', MAC);
    await (await udhcpc(bench, known, '-q')).output.waitFor(/event bound/);
    t.true(eventsOf(server).every(({ nodeUuid }) => nodeUuid === NODE));
  },
);

needing(
  ['dhcrelay', 'busybox'],
  'through ISC’s relay: the relay’s subnet, both ways',
  async (t) => {
    await using bench = await Bench.make('relay');
    const far = {
      ...NETBOOT_OPTIONS.dhcp.subnets[0],
      cidr: '198.51.100.0/24',
      rangeStart: '198.51.100.10',
      rangeEnd: '198.51.100.20',
    };
    const dhcp = { ...NETBOOT_OPTIONS.dhcp, subnets: [...NETBOOT_OPTIONS.dhcp.subnets, far] };
    await bench.serve({ ...NETBOOT_OPTIONS, dhcp } as NetbootOptions, []);
    const router = await bench.client('router', '52:54:00:00:00:10');
    const client = await bench.client('os', OS_MAC);
    await router.ip('addr add 192.0.2.2/24 dev eth0');
    await bench.namespace.ip('route add 198.51.100.0/24 via 192.0.2.2');
    await client.ip('link del eth0');
    await router.ip(`link add far type veth peer name eth0 netns ${client.name}`);
    await router.ip('addr add 198.51.100.1/24 dev far');
    await router.ip('link set far up');
    await client.ip(`link set eth0 address ${OS_MAC} up`);
    const relay = router.start(
      'dhcrelay',
      ['-d', '-4', '-a', '-id', 'far', '-iu', 'eth0', '192.0.2.1'],
      50_000,
    );
    await relay.output.waitFor(/Sending on\s+Socket/);
    const { child, output } = await udhcpc(bench, client);
    const [, address = ''] = await output.waitFor(/event bound (\S+) 600/);
    t.regex(address, /^198\.51\.100\.(1\d|20)$/);
    await client.ip('route add default via 198.51.100.1');
    await router.run('busybox', ['sysctl', '-w', 'net.ipv4.ip_forward=1']);
    child.kill('SIGUSR1');
    await output.waitFor(new RegExp(`event renew ${address}`));
  },
);

/** A bench that serves one file of 70 MiB, without asking whose it is. */
async function tftpBench(label: string) {
  const bench = await Bench.make(label);
  const content = randomFillSync(Buffer.alloc(70 * 1024 * 1024));
  const files = {
    deploy_kernel: await bench.file('small', 'a kernel\n'),
    deploy_ramdisk: await bench.file('big', content),
  };
  await bench.serve({ ...NETBOOT_OPTIONS, clientCheck: 'none' }, [
    machine({ boot: bootFacts({ files }) }),
  ]);
  const client = await bench.client('tftp', OS_MAC);
  await client.ip('addr add 192.0.2.200/24 dev eth0');
  return { bench, client, digest: createHash('sha256').update(content).digest('hex') };
}

needing(
  ['busybox'],
  'busybox tftp: 70 MiB at block size 1024 wraps the block counter',
  async (t) => {
    const { bench, client, digest } = await tftpBench('busybox');
    await using _ = bench;
    const out = join(bench.folder, 'out');
    const args = [
      'tftp',
      '-g',
      '-b',
      '1024',
      '-l',
      out,
      '-r',
      `${NODE}/deploy_ramdisk`,
      '192.0.2.1',
    ];
    t.is((await client.run('busybox', args, 60_000)).exitCode, 0);
    t.is(
      createHash('sha256')
        .update(await readFile(out))
        .digest('hex'),
      digest,
    );
    const missing = await client.run('busybox', [
      'tftp',
      '-g',
      '-l',
      out,
      '-r',
      'nothing',
      '192.0.2.1',
    ]);
    t.regex(missing.stderr, /there is no nothing/);
    const put = await client.run('busybox', [
      'tftp',
      '-p',
      '-l',
      '/etc/hostname',
      '-r',
      'x',
      '192.0.2.1',
    ]);
    t.regex(put.stderr, /read-only/);
  },
);

needing(['curl'], 'curl: TFTP block sizes and HTTP ranges', async (t) => {
  const { bench, client, digest } = await tftpBench('curl');
  await using _ = bench;
  const out = join(bench.folder, 'out');
  for (const blksize of [512, 1468, 8192]) {
    const url = `tftp://192.0.2.1/${NODE}/deploy_kernel`;
    const { stdout } = await client.run('curl', ['-sS', '--tftp-blksize', String(blksize), url]);
    t.is(stdout, 'a kernel');
  }
  const url = `http://192.0.2.1:8080/${NODE}/deploy_ramdisk`;
  await client.run('curl', ['-sS', '-r', '0-29999999', '-o', out, url]);
  await client.run('curl', ['-sS', '-C', '-', '-o', out, url]);
  t.is(
    createHash('sha256')
      .update(await readFile(out))
      .digest('hex'),
    digest,
  );
});
