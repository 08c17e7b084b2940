import test from 'ava';
import {
  cleanKernelOptions,
  splitOptions,
} from '../../../image-tools/bootEntries/kernelOptions.ts';
import { hasImageCode } from '../../../image-tools/errors/error.ts';

const CLEANED: readonly [string, string, { root?: string; append: string; dropped?: string[] }][] =
  [
    [
      'an Atomic host of 2014',
      'no_timer_check console=tty1 console=ttyS0,115200n8 rd.lvm.lv=atomicos/root root=/dev/mapper/atomicos-root ostree=/ostree/boot.0/f/ab/0',
      {
        root: '/dev/mapper/atomicos-root',
        append:
          'no_timer_check console=tty1 console=ttyS0,115200n8 rd.lvm.lv=atomicos/root ostree=/ostree/boot.0/f/ab/0',
      },
    ],
    [
      'variables of GRUB',
      'root=UUID=1 $ignition_firstboot ${tuned_params} a=$b ro',
      { root: 'UUID=1', append: 'ro', dropped: ['$ignition_firstboot', '${tuned_params}', 'a=$b'] },
    ],
    [
      'what belongs to the old disk',
      'BOOT_IMAGE=(hd0,gpt3)/vmlinuz root=LABEL=root resume=/dev/sda2 resume_offset=1 boot=UUID=2 quiet',
      {
        root: 'LABEL=root',
        append: 'quiet',
        dropped: [
          'BOOT_IMAGE=(hd0,gpt3)/vmlinuz',
          'resume=/dev/sda2',
          'resume_offset=1',
          'boot=UUID=2',
        ],
      },
    ],
    ['the last of several roots', 'root=/dev/sda1 root=UUID=3', { root: 'UUID=3', append: '' }],
    ['quotes keep spaces', 'dyndbg="file a.c +p" ro', { append: 'dyndbg="file a.c +p" ro' }],
    ['arguments of init', 'ro -- --unit=rescue.target', { append: 'ro -- --unit=rescue.target' }],
  ];

for (const [what, line, { root, append, dropped = [] }] of CLEANED)
  test(what, (t) => {
    const options = cleanKernelOptions(line);
    t.is(options.root, root);
    t.is(options.append, append);
    t.deepEqual(
      options.dropped.map(({ option }) => option),
      dropped,
    );
  });

test('known variables are put in first', (t) => {
  const variables = new Map([['kernelopts', 'root=UUID=9 ro']]);
  t.deepEqual(cleanKernelOptions('$kernelopts quiet ${none}', variables), {
    root: 'UUID=9',
    append: 'ro quiet',
    dropped: [{ option: '${none}', reason: 'a variable of GRUB' }],
  });
});

for (const option of [
  'a=\u0007',
  'k\u00f6=1',
  'x="open',
  'a;b=1',
  'a=b\u00a0c',
  '=1',
  'a="\u00e9"',
])
  test(`refused: ${JSON.stringify(option)}`, (t) => {
    const error = t.throws(() => cleanKernelOptions(`ro ${option}`));
    t.true(hasImageCode(error, 'BOOT_ENTRY_UNSAFE'));
  });

test('options split at spaces and tabs outside quotes', (t) => {
  t.deepEqual(splitOptions(' a  b="c d"\te="f" '), ['a', 'b="c d"', 'e="f"']);
});
