import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import {
  grubConfig,
  grubStartConfig,
  ipxeNodeScript,
  ipxeStartScript,
  pxelinuxConfig,
} from '../../../conductor/netboot/templates/configs.ts';
import { loadTemplates, TEMPLATES_FOLDER } from '../../../conductor/netboot/templates/load.ts';
import type { BootFacts } from '../../../conductor/netboot/facts.ts';
import { bootFacts, NODE } from '../support/machines.ts';

const templates = await loadTemplates();
const BOOT = { label: 'boot_partition', files: { kernel: '/k', ramdisk: '/r' } } as const;

/** The lines of one label's stanza in a pxelinux config. */
function stanza(config: string, label: string): string[] {
  const [, body = ''] = config.split(`label ${label}\n`);
  return (body.split('\n\n')[0] ?? '').trim().split('\n');
}

test('pxelinux: the labels and parameters of the contract', (t) => {
  const config = pxelinuxConfig(templates, bootFacts());
  t.true(config.includes('\ndefault deploy\n'));
  t.deepEqual(stanza(config, 'deploy'), [
    `kernel ${NODE}/deploy_kernel`,
    `append initrd=${NODE}/deploy_ramdisk console=ttyS0`,
    'ipappend 2',
  ]);
  const booted = pxelinuxConfig(templates, bootFacts(BOOT));
  t.true(booted.includes('\ndefault boot_partition\n'));
  t.deepEqual(stanza(booted, 'boot_partition'), [
    `kernel ${NODE}/kernel`,
    `append initrd=${NODE}/ramdisk root=UUID=1234 ro`,
    'ipappend 2',
  ]);
  const disk = bootFacts({ label: 'boot_whole_disk', diskIdentifier: '0x0badcafe' });
  t.deepEqual(stanza(pxelinuxConfig(templates, disk), 'boot_whole_disk'), [
    'com32 chain.c32',
    'append mbr:0x0badcafe',
  ]);
});

test('iPXE: jumps to the label, names relative to the script, retries', (t) => {
  const script = ipxeNodeScript(templates, bootFacts());
  t.true(script.startsWith('#!ipxe\n'));
  t.true(script.includes('\ngoto deploy\n'));
  t.true(
    script.includes(
      `../${NODE}/deploy_kernel initrd=deploy_ramdisk console=ttyS0 BOOTIF=\${mac} ||`,
    ),
  );
  for (const label of ['deploy', 'boot_partition', 'boot_whole_disk', 'retry'])
    t.true(script.includes(`\n:${label}\n`), label);
  t.true(ipxeNodeScript(templates, bootFacts(BOOT)).includes('\ngoto boot_partition\n'));
});

test('GRUB: the labels, names from the root, words quoted for its shell', (t) => {
  const config = grubConfig(templates, bootFacts());
  t.true(config.includes('\nset default=deploy\n'));
  t.true(
    config.includes(
      `  if linux /${NODE}/deploy_kernel console=ttyS0 BOOTIF=$net_default_mac; then\n` +
        `    if initrd /${NODE}/deploy_ramdisk; then boot; fi\n`,
    ),
  );
  for (const label of ['deploy', 'boot_partition', 'boot_whole_disk'])
    t.true(config.includes(`\nmenuentry ${label} --id ${label} {\n`), label);
  t.true(grubStartConfig(templates).includes('configfile /$net_default_mac.conf'));
});

const GRUB_WORDS: [string, string][] = [
  ['root=UUID=1-2 ro console=ttyS0,115200', 'root=UUID=1-2 ro console=ttyS0,115200'],
  ['a=$x b;c d{e}', "'a=$x' 'b;c' 'd{e}'"],
  ['dyndbg="file a.c +p" quiet', "'dyndbg=file a.c +p' quiet"],
];

for (const [options, words] of GRUB_WORDS)
  test(`GRUB: ${options}`, (t) => {
    const config = grubConfig(templates, bootFacts({ deployOptions: options }));
    t.true(config.includes(`deploy_kernel ${words} BOOTIF=`), config);
  });

test('GRUB: what it would change on the way is refused', (t) => {
  for (const deployOptions of ["a='b'", 'a=b\\c'])
    t.throws(() => grubConfig(templates, bootFacts({ deployOptions })), {
      code: 'BOOT_FACTS_INVALID',
    });
});

test('iPXE start script: the ROM policy', (t) => {
  t.true(ipxeStartScript(templates, 'use').includes('iseq use chainload'));
  t.true(ipxeStartScript(templates, 'chainload').includes('iseq chainload chainload'));
});

const UNFIT: [string, Partial<BootFacts>, RegExp][] = [
  ['a file is missing', { files: { deploy_kernel: '/k' } }, /deploy needs the file deploy_ramdisk/],
  ['no disk identifier', { label: 'boot_whole_disk' }, /needs a disk identifier/],
  ['a newline', { deployOptions: 'a\nb' }, /unprintable/],
  ['too long', { deployOptions: 'a'.repeat(1901) }, /1901 characters/],
];

for (const [name, change, message] of UNFIT)
  test(`boot facts refused: ${name}`, (t) => {
    for (const render of [pxelinuxConfig, ipxeNodeScript])
      t.throws(() => render(templates, bootFacts(change)), { code: 'BOOT_FACTS_INVALID', message });
  });

test('iPXE: what it would interpret is refused, a URL’s & is not', (t) => {
  for (const deployOptions of ['a=${net0/mac}', 'a && poweroff', '|| shell'])
    t.throws(() => ipxeNodeScript(templates, bootFacts({ deployOptions })), {
      message: /iPXE would interpret/,
    });
  t.notThrows(() =>
    ipxeNodeScript(templates, bootFacts({ deployOptions: 'url=http://h/?a=1&b=2' })),
  );
});

test('templates are checked when they are loaded', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-templates-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await t.throwsAsync(loadTemplates(folder), {
    code: 'BOOT_TEMPLATE_INVALID',
    message: /cannot be read/,
  });
  await cp(TEMPLATES_FOLDER, folder, { recursive: true });
  await writeFile(join(folder, 'boot.ipxe'), '#!ipxe\n{{ rom_policy }} {{ http_url }}\n');
  await t.throwsAsync(loadTemplates(folder), { message: /does not know \{\{ http_url \}\}/ });
});
