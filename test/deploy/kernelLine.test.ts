import test from 'ava';
import { kernelLine, type KernelLineInputs } from '../../conductor/deploy/kernelLine.ts';
import { checkKernelParameters } from '../../conductor/deploy/kernelParameters.ts';

const NOTHING: KernelLineInputs = {
  instanceInfo: undefined,
  driverInfo: undefined,
  configured: 'nofb',
  image: undefined,
  rootOnDisk: 'UUID=1',
};

type Row = readonly [title: string, inputs: Partial<KernelLineInputs>, expected: string];

/** `[from]text` for each part; without the sources it is the line. */
const ROWS: readonly Row[] = [
  ['the configuration alone', {}, '[disk]root=UUID=1 [ironpxe]ro text [configuration]nofb'],
  [
    'the image over the configuration',
    { image: { appendParams: 'a' } },
    '[disk]root=UUID=1 [ironpxe]ro text [image]a',
  ],
  [
    'driver_info over the image',
    { driverInfo: 'b', image: { appendParams: 'a' } },
    '[disk]root=UUID=1 [ironpxe]ro text [driver_info]b',
  ],
  [
    'instance_info over all',
    { instanceInfo: 'c', driverInfo: 'b', image: { appendParams: 'a' } },
    '[disk]root=UUID=1 [ironpxe]ro text [instance_info]c',
  ],
  [
    '%default% is the next lower level',
    { instanceInfo: 'c %default%', image: { appendParams: 'a %default%' } },
    '[disk]root=UUID=1 [ironpxe]ro text [instance_info]c [image]a [configuration]nofb',
  ],
  [
    '%default% between, and twice',
    { driverInfo: '%default% b %default%' },
    '[disk]root=UUID=1 [ironpxe]ro text [configuration]nofb [driver_info]b [configuration]nofb',
  ],
  [
    'an empty level takes all away',
    { instanceInfo: '', image: { appendParams: 'a' } },
    '[disk]root=UUID=1 [ironpxe]ro text',
  ],
  [
    'null is no level',
    { instanceInfo: null },
    '[disk]root=UUID=1 [ironpxe]ro text [configuration]nofb',
  ],
  [
    'root_device of the image over the disk',
    { image: { rootDevice: '/dev/mapper/a-b', appendParams: 'a %default%' } },
    '[image]root=/dev/mapper/a-b [ironpxe]ro text [image]a [configuration]nofb',
  ],
  [
    'root_device where the disk has no UUID (LVM)',
    { rootOnDisk: undefined, image: { rootDevice: 'LABEL=r' } },
    '[image]root=LABEL=r [ironpxe]ro text [configuration]nofb',
  ],
  [
    'root= of the instance over root_device',
    { instanceInfo: 'root=/dev/x rw', image: { rootDevice: 'LABEL=r' } },
    '[instance_info]root=/dev/x rw',
  ],
  [
    'root= in the options of the image',
    { image: { appendParams: 'rw root=/dev/y' } },
    '[image]rw root=/dev/y',
  ],
  [
    'a whole line of the image',
    { image: { wholeLine: 'root=live:x rd.live.image', rootDevice: 'LABEL=r' } },
    '[image]root=live:x rd.live.image',
  ],
  [
    'a whole line without a root',
    { rootOnDisk: undefined, image: { wholeLine: 'ip=dhcp' } },
    '[image]ip=dhcp',
  ],
  [
    'a whole line, extended by the instance',
    { instanceInfo: '%default% debug', image: { wholeLine: 'ip=dhcp' } },
    '[image]ip=dhcp [instance_info]debug',
  ],
  [
    'a whole line that the instance replaces',
    { instanceInfo: 'debug', image: { wholeLine: 'ip=dhcp', rootDevice: 'LABEL=r' } },
    '[image]root=LABEL=r [ironpxe]ro text [instance_info]debug',
  ],
  [
    'xroot= is no root',
    { instanceInfo: 'xroot=1' },
    '[disk]root=UUID=1 [ironpxe]ro text [instance_info]xroot=1',
  ],
];
for (const [title, inputs, expected] of ROWS)
  test(title, (t) => {
    const { line, parts } = kernelLine({ ...NOTHING, ...inputs });
    t.is(parts.map(({ text, from }) => `[${from}]${text}`).join(' '), expected);
    t.is(line, expected.replaceAll(/\[\w+\]/g, ''));
  });

test('without any root there is no line', (t) => {
  const inputs = { ...NOTHING, rootOnDisk: undefined };
  t.throws(() => kernelLine(inputs), { code: 'DEPLOY_PARAMETER_MISSING', message: /root_device/ });
});

type Bad = readonly [inputs: Partial<KernelLineInputs>, subject: RegExp];
const BAD: readonly Bad[] = [
  [{ instanceInfo: 'a\nb' }, /^instance_info\/kernel_append_params: found "a\\nb"/],
  [{ driverInfo: 7 }, /^driver_info\/kernel_append_params: found 7, expected text/],
  [{ image: { appendParams: 'a\r' } }, /^image\/kernel_append_params/],
  [{ image: { wholeLine: 'é' } }, /^image\/kernel_cmdline/],
  [{ image: { rootDevice: 'a b' } }, /^image\/root_device/],
  [{ image: { rootDevice: '' } }, /^image\/root_device/],
  [{ instanceInfo: 'c', image: { appendParams: 'bad"' } }, /^image\/kernel_append_params/],
];
for (const [inputs, message] of BAD)
  test(`refused: ${JSON.stringify(inputs)}`, (t) => {
    t.throws(() => kernelLine({ ...NOTHING, ...inputs }), {
      code: 'DEPLOY_PARAMETER_INVALID',
      message,
    });
  });

const WORDS: readonly (readonly [text: string, isGood: boolean])[] = [
  ['', true],
  ['quiet rd.lvm.lv=atomicos/root console=ttyS0,115200n8', true],
  ['a="b c" d', true],
  ['module.param="x"y', true],
  ['root=UUID=1-2 a=', true],
  ['quiet -- single "two words" $x', true],
  ['%default% a', true],
  ['a="b c', false],
  ['a"b"', false],
  ['$(x)', false],
  ['=b', false],
  ['a\tb', false],
  ['a\u0000', false],
  ['a\u007f', false],
];
for (const [text, isGood] of WORDS)
  test(`parameters ${JSON.stringify(text)} are ${isGood ? 'taken' : 'refused'}`, (t) => {
    if (isGood) t.is(checkKernelParameters('x', text), text);
    else t.throws(() => checkKernelParameters('x', text), { code: 'DEPLOY_PARAMETER_INVALID' });
  });
