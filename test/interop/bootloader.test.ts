import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { ramdiskCommands } from '../../conductor/deploy/ramdisk/commands.ts';
import { sessionKey } from '../../conductor/deploy/ramdisk/secrets.ts';
import type { LoaderPlace, RamdiskCommands } from '../../conductor/deploy/ramdisk/types.ts';
import { run } from '../../conductor/process/run.ts';
import { MIB } from '../../conductor/values/units.ts';
import { HostRamdisk } from './support/hostRamdisk.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-loader-'));
test.after.always(() => rm(FOLDER, { recursive: true, force: true }));

const NONCE = 'c0ffee'.padEnd(64, '0');
const KEY = 'K'.repeat(32);
const UUID = '8a1b2c3d-0000-4000-8000-00000000feed';
const BIOS: LoaderPlace = {
  bootMode: 'bios',
  rootNumber: 1,
  rootUuid: UUID,
  espNumber: undefined,
};
const signal = AbortSignal.timeout(120_000);

const script = (text: string) => `#!/bin/busybox sh\n${text}\n`;
const INSTALL = { 'usr/sbin/grub-install': script('echo "$@" >/installed') };
const FOR_BIOS = { 'usr/lib/grub/i386-pc/boot.img': '' };
/** As the real one, it looks for the link by which the root gets its name. */
const MAKE = {
  'usr/sbin/grub-mkconfig': script(
    'for link in /dev/disk/by-uuid/*; do echo "  linux /vmlinuz root=UUID=${link##*/}"; done >$2',
  ),
};

/** A disk whose only partition holds a system of busybox and these files. */
async function makeDisk(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const tree = join(FOLDER, name);
  for (const [path, text] of Object.entries({ 'boot/grub/empty': '', ...files })) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
    await chmod(join(tree, path), 0o755);
  }
  await mkdir(join(tree, 'bin'), { recursive: true });
  await mkdir(join(tree, 'usr/bin'), { recursive: true });
  await copyFile('/usr/bin/busybox', join(tree, 'bin/busybox'));
  await symlink('/bin/busybox', join(tree, 'usr/bin/env'));
  const root = join(FOLDER, `${name}.root`);
  await run('mkfs.ext4', ['-q', '-U', UUID, '-d', tree, root, '32M']);
  const disk = join(FOLDER, `${name}.disk`);
  await run('truncate', ['-s', '40M', disk]);
  await run('sfdisk', ['--quiet', disk], { input: 'label: dos\nstart=2048, size=65536\n' });
  await run('dd', [`if=${root}`, `of=${disk}`, 'bs=1M', 'seek=1', 'conv=notrunc,sparse']);
  return disk;
}

/** The kernel of a container may show no partitions, so a second loop device stands for the root. */
async function boot(disk: string) {
  await using stack = new AsyncDisposableStack();
  const args = ['--find', '--show', '--offset', `${MIB}`, '--sizelimit', `${32 * MIB}`, disk];
  const root = (await run('losetup', args)).stdout;
  stack.defer(async () => void (await run('losetup', ['-d', root])));
  let nonce = '';
  const ramdisk = stack.use(
    await HostRamdisk.start({
      diskPath: disk,
      cmdline: `deployment_id=x deployment_key=${KEY} ironpxe_commands=1 iscsi_target_iqn=iqn.x`,
      patches: {
        'bootloader.sh': `partition_node() { echo ${root}; }\nshow_partitions() { :; }\n`,
      },
      answer: async (callback) => {
        nonce = callback['nonce'] ?? '';
        return { status: 202, body: { nonce: NONCE } };
      },
    }),
  );
  await ramdisk.sees(/stage=waiting/);
  const session = { address: ramdisk.address, key: sessionKey(KEY, nonce, NONCE) };
  return { commands: ramdiskCommands(session), stack: stack.move() };
}

async function install(commands: RamdiskCommands, place: LoaderPlace = BIOS): Promise<string[]> {
  return Array.fromAsync(commands.installBootloader(place, { signal }));
}

async function read(disk: string, path: string): Promise<string> {
  const { stdout } = await run('debugfs', ['-R', `cat ${path}`, `${disk}?offset=${MIB}`]);
  return stdout.trim();
}

test.serial("the image's own programs run with it as their root, as often as asked", async (t) => {
  const disk = await makeDisk('good', { ...INSTALL, ...FOR_BIOS, ...MAKE });
  const { commands, stack } = await boot(disk);
  await using _ = stack;
  t.true((await commands.fileSystems({ signal })).includes('ext4'));
  t.deepEqual(await install(commands), ['grub-install done', 'grub-mkconfig done']);
  t.deepEqual(await install(commands), ['grub-install done', 'grub-mkconfig done']);
  await stack.disposeAsync();
  t.regex(await read(disk, '/installed'), /^--target=i386-pc --recheck \/dev\/loop\d+$/);
  t.is(await read(disk, '/boot/grub/grub.cfg'), `linux /vmlinuz root=UUID=${UUID}`);
});

const UEFI = { ...BIOS, bootMode: 'uefi' } as const;
const REFUSED: readonly (readonly [
  name: string,
  files: Readonly<Record<string, string>>,
  place: LoaderPlace,
  code: string,
  says: RegExp,
])[] = [
  ['no-grub', {}, BIOS, 'RAMDISK_COMMAND_REFUSED', /neither grub-install nor grub2-install/],
  ['no-bios', INSTALL, BIOS, 'RAMDISK_COMMAND_REFUSED', /not GRUB for BIOS/],
  ['no-uefi', INSTALL, UEFI, 'RAMDISK_COMMAND_REFUSED', /neither GRUB for UEFI .* nor \/boot\/efi/],
  [
    'no-kernel',
    { ...INSTALL, ...FOR_BIOS, 'usr/sbin/grub-mkconfig': script('echo >$2') },
    BIOS,
    'RAMDISK_COMMAND_REFUSED',
    /no kernel in \/boot/,
  ],
  [
    'failing',
    { 'usr/sbin/grub2-install': script('echo cannot embed >&2; exit 7'), ...FOR_BIOS },
    BIOS,
    'RAMDISK_COMMAND_FAILED',
    /grub2-install in the image failed \(7\): cannot embed/,
  ],
];

for (const [name, files, place, code, message] of REFUSED)
  test.serial(`refused or failed with the reason, also when asked again: ${name}`, async (t) => {
    const disk = await makeDisk(name, files);
    const { commands, stack } = await boot(disk);
    await using _ = stack;
    await t.throwsAsync(install(commands, place), { code, message });
    await t.throwsAsync(install(commands, place), { code, message });
  });
