import test from 'ava';
import {
  parseGrubConfig,
  parseGrubEnvironment,
} from '../../../image-tools/bootEntries/grubConfig.ts';
import { DEBIAN_GRUB } from '../support/systems.ts';

test('entries of a generated grub.cfg, those of submenus too', (t) => {
  const { entries, defaultEntry } = parseGrubConfig(DEBIAN_GRUB);
  t.is(defaultEntry, '0');
  t.deepEqual(
    entries.map(({ title }) => title),
    ['Debian GNU/Linux', 'Debian GNU/Linux, recovery'],
  );
  t.is(entries[0]?.linux, '/boot/vmlinuz-6.1.0-9-cloud-amd64');
  t.is(entries[0]?.version, '6.1.0-9-cloud-amd64');
  t.deepEqual(entries[0]?.initrds, ['/boot/initrd.img-6.1.0-9-cloud-amd64']);
  t.is(entries[1]?.options, 'root=PARTUUID=abc ro single');
});

test('older commands, double quotes, several ramdisks', (t) => {
  const { entries } = parseGrubConfig(
    'menuentry "Fedora (3.17)" {\n linux16 /vmlinuz-3.17 root=/dev/sda1\n initrd16 /microcode.cpio /initramfs-3.17.img\n}\n',
  );
  t.is(entries[0]?.title, 'Fedora (3.17)');
  t.deepEqual(entries[0]?.initrds, ['/microcode.cpio', '/initramfs-3.17.img']);
});

test('entries that start no Linux, or by a variable, are left out', (t) => {
  const text = `menuentry 'Firmware' {\n fwsetup\n}\nmenuentry 'Odd' {\n linux $prefix/vmlinuz\n}\n`;
  t.deepEqual(parseGrubConfig(text).entries, []);
});

test('a default that is a variable is none', (t) => {
  t.is(parseGrubConfig('set default="${saved_entry}"\n').defaultEntry, undefined);
});

test('the variables of a grubenv block', (t) => {
  const text = '# GRUB Environment Block\nsaved_entry=abc-5.14\nkernelopts=root=UUID=1 ro\n####';
  t.deepEqual(
    [...parseGrubEnvironment(text)],
    [
      ['saved_entry', 'abc-5.14'],
      ['kernelopts', 'root=UUID=1 ro'],
    ],
  );
});
