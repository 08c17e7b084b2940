import test from 'ava';
import { loadTemplates } from '../../../conductor/netboot/templates/load.ts';
import { LOADER_FILES, checkLoaders } from '../../../conductor/netboot/tree/loaders.ts';
import { bootTree, type TreeOptions } from '../../../conductor/netboot/tree/tree.ts';
import { ip } from '../support/dhcp.ts';
import { bootFacts, machine, MAC, NODE, OTHER_MAC, OTHER_NODE } from '../support/machines.ts';
import { MemoryFacts } from '../support/memoryFacts.ts';

const templates = await loadTemplates();
const OPTIONS: TreeOptions = { loaders: LOADER_FILES, clientCheck: 'lease', ipxeRom: 'use' };
const OWN = ip('192.0.2.10');
const STRANGER = ip('192.0.2.99');
const OTHER = ip('192.0.2.11');

async function world(changes: Partial<TreeOptions> = {}) {
  const other = { nodeUuid: OTHER_NODE, hostname: undefined, ipxe: false };
  const facts = new MemoryFacts([
    machine(),
    machine({ mac: OTHER_MAC, host: other, boot: bootFacts({ nodeUuid: OTHER_NODE, files: {} }) }),
  ]);
  const lease = { subnet: '192.0.2.0/24', state: 'bound', expiresAtMs: 0 } as const;
  await facts.leases.put({ ...lease, address: OWN, mac: MAC });
  await facts.leases.put({ ...lease, address: OTHER, mac: OTHER_MAC });
  const tree = bootTree(facts, templates, { ...OPTIONS, ...changes });
  const outcome = async (name: string, client = OWN) => {
    const answer = await tree.resolve(name, client);
    if ('refused' in answer) return answer.refused;
    return answer.found.kind === 'file' ? answer.found.path : answer.found.text.split('\n')[0];
  };
  return { facts, tree, outcome };
}

test('each name of the tree', async (t) => {
  const { outcome } = await world();
  const cases: [string, string][] = [
    ['pxelinux.0', '/usr/lib/PXELINUX/pxelinux.0'],
    ['/tftpboot/ldlinux.c32', '/usr/lib/syslinux/modules/bios/ldlinux.c32'],
    ['undionly.kpxe', '/usr/lib/ipxe/undionly.kpxe'],
    ['boot.ipxe', '#!ipxe'],
    ['bootx64.efi', '/usr/lib/shim/shimx64.efi.signed'],
    ['grub/grub.cfg', '# The start of a GRUB that found no config under its MAC by itself.'],
    ['grub/grub.cfg-01-52-54-00-00-00-01', `# ${NODE}`],
    ['grub.cfg-01-52-54-00-00-00-01', `# ${NODE}`],
    ['52:54:00:00:00:01.conf', `# ${NODE}`],
    ['52:54:00:00:00:99.conf', 'absent'],
    ['grub/x86_64-efi/command.lst', 'searched'],
    ['revocations_sbat.efi', 'searched'],
    ['shim_certificate_0.efi', 'searched'],
    ['shim.efi', 'absent'],
    [`${NODE}/deploy_kernel`, '/nowhere/kernel'],
    [`${NODE.toUpperCase()}/deploy_ramdisk`, '/nowhere/ramdisk'],
    [`${NODE}/config`, `# ${NODE}`],
    ['pxelinux.cfg/01-52-54-00-00-00-01', `# ${NODE}`],
    [
      'pxelinux.cfg/01-52-54-00-00-00-01'.toUpperCase().replace('PXELINUX.CFG', 'pxelinux.cfg'),
      `# ${NODE}`,
    ],
    ['pxelinux.cfg/52-54-00-00-00-01', '#!ipxe'],
    ['pxelinux.cfg/525400000001', '#!ipxe'],
    [`${NODE}/kernel`, 'absent'],
    [`${NODE}/secret`, 'absent'],
    [`${NODE}/deploy_kernel/x`, 'absent'],
    ['pxelinux.cfg/01-52-54-00-00-00-99', 'absent'],
    ['constructor', 'absent'],
    ['pxelinux.cfg/default', 'searched'],
    [`pxelinux.cfg/${NODE}`, 'searched'],
    ['pxelinux.cfg/C000020A', 'searched'],
    ['../../etc/passwd', 'forbidden'],
  ];
  for (const [name, expected] of cases) t.is(await outcome(name), expected, name);
});

test('a node’s files go to its own address only, loaders to everyone', async (t) => {
  const { outcome, tree } = await world();
  for (const client of [OTHER, STRANGER]) {
    for (const name of [`${NODE}/deploy_kernel`, 'pxelinux.cfg/01-52-54-00-00-00-01'])
      t.is(await outcome(name, client), 'forbidden');
    t.is(await outcome('boot.ipxe', client), '#!ipxe');
  }
  const refused = await tree.resolve(`${NODE}/deploy_kernel`, STRANGER);
  t.is(refused.nodeUuid, NODE, 'the owner’s timeline shows it');
  const { outcome: open } = await world({ clientCheck: 'none' });
  t.is(await open(`${NODE}/deploy_kernel`, STRANGER), '/nowhere/kernel');
});

test('what is shared is told of by the address’s node', async (t) => {
  const { tree } = await world();
  t.is((await tree.resolve('pxelinux.0', OWN)).nodeUuid, NODE);
  t.is((await tree.resolve('pxelinux.0', STRANGER)).nodeUuid, undefined);
  t.is((await tree.resolve('pxelinux.0', undefined)).nodeUuid, undefined);
});

test('incomplete facts are refused with their reason, not served', async (t) => {
  const { tree } = await world();
  const answer = await tree.resolve('pxelinux.cfg/01-52-54-00-00-00-02', OTHER);
  t.like(answer, { refused: 'broken', nodeUuid: OTHER_NODE });
  t.regex(
    'why' in answer ? answer.why : '',
    /BOOT_FACTS_INVALID: .*deploy needs the file deploy_kernel/,
  );
});

test('a loader that few need may be missing', async (t) => {
  const arm = { path: '/nowhere/shim', package: 'shim-signed:arm64', optional: true } as const;
  const missing = await checkLoaders({ 'bootaa64.efi': arm });
  t.deepEqual([...missing], [['bootaa64.efi', 'put /nowhere/shim there (shim-signed:arm64)']]);
});

test('a missing loader is named with its package', async (t) => {
  await t.notThrowsAsync(checkLoaders(LOADER_FILES));
  const missing = {
    ...LOADER_FILES,
    'pxelinux.0': { path: '/nowhere/pxelinux.0', package: 'pxelinux' },
  };
  await t.throwsAsync(checkLoaders(missing), {
    code: 'NETBOOT_LOADER_MISSING',
    message: /cannot be read: \/nowhere\/pxelinux\.0 \(apt-get install pxelinux\)\.$/,
  });
});

test('the ramdisk calls back by the URL that its subnet reaches', async (t) => {
  const deployOptions = 'ironic_api_url=http://10.0.0.1:80 other=http://10.0.0.1:8080 text';
  const url = 'http://10.0.0.1:80';
  const cidr = (network: string) => ({ network: ip(network), prefixLength: 24 });
  const parameters = async (network: string) => {
    const subnets = [{ cidr: cidr(network), url: 'http://192.0.2.1:8088' }];
    const { facts, tree } = await world({ advertised: { url, subnets } });
    facts.machines[0] = machine({ boot: bootFacts({ deployOptions }) });
    const answer = await tree.resolve('pxelinux.cfg/01-52-54-00-00-00-01', OWN);
    if (!('found' in answer) || answer.found.kind !== 'text') throw new Error('no text');
    return /append .*/.exec(answer.found.text)?.[0] ?? '';
  };
  const own = await parameters('192.0.2.0');
  t.regex(own, / ironic_api_url=http:\/\/192\.0\.2\.1:8088 other=http:\/\/10\.0\.0\.1:8080 text/);
  t.regex(await parameters('198.51.100.0'), / ironic_api_url=http:\/\/10\.0\.0\.1:80 other/);
});
