import test from 'ava';
import { reasonIn } from '../../../image-tools/guestfish/diagnose.ts';

const OUTPUTS: readonly (readonly [what: string, output: string, reason: RegExp])[] = [
  [
    'no kernel',
    'supermin: looking …\nsupermin: failed to find a suitable kernel (host_cpu=x86_64).\n\nI looked in /boot\nlibguestfs: error: /usr/bin/supermin exited',
    /^"supermin: failed .*x86_64\)\."\. Unset SUPERMIN_KERNEL/,
  ],
  [
    'a full cache',
    'supermin: ext2fs_file_write: No space left on device\nlibguestfs: error: x',
    /^"supermin: ext2fs.*"\. .*--cache/,
  ],
  [
    'no memory',
    'qemu-system-x86_64: cannot set up guest memory',
    /^"qemu.*"\. .*LIBGUESTFS_MEMSIZE/,
  ],
  [
    'anything else that libguestfs calls an error',
    'libguestfs: trace\nlibguestfs: error: guestfs_launch failed\nmore',
    /^"libguestfs: error: guestfs_launch failed"\.$/,
  ],
];

for (const [what, output, reason] of OUTPUTS)
  test(`why the appliance did not start: ${what}`, (t) => t.regex(reasonIn(output) ?? '', reason));

test('an output that tells nothing', (t) => t.is(reasonIn('libguestfs: trace: launch'), undefined));
