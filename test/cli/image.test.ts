import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { getNode } from '../../conductor/store/nodes.ts';
import { writeTrio } from '../openstack/support/trio.ts';
import { openCli } from './harness.ts';

const FOLDER = await mkdtemp(join(tmpdir(), 'ironpxe-image-cli-'));
test.after.always(() => rm(FOLDER, { recursive: true }));

const ENROLL =
  'node enroll one --driver pxe_ssh --driver-info ssh_address=192.0.2.1 --port 52:54:00:00:00:01';
const PARTS = '--kernel http://h/k --ramdisk http://h/r';

test('a NAME.json of atomic-to-pxe brings all that a deploy needs', async (t) => {
  const cli = await openCli(t);
  const json = await writeTrio(FOLDER, 'fedora');
  const { status, out, err } = await cli.run(`image add fedora ${json}`);
  t.is(status, 0, err);
  t.regex(out, /Deploy it with "ironpxe node deploy NODE --image fedora"/);
  t.like(cli.asked.find(({ what }) => what === 'checkImage')?.value, {
    image_source: `file://${FOLDER}/fedora-base`,
    image_type: 'partition',
    image_disk_format: 'raw',
    kernel: `file://${FOLDER}/fedora-kernel`,
    ramdisk: `file://${FOLDER}/fedora-ramdisk`,
    min_root_gb: 1,
    root_device: '/dev/mapper/atomicos-root',
    kernel_append_params: 'ro ostree=/ostree/boot.1/x/0 rd.lvm.lv=atomicos/root %default%',
  });
  t.regex((await cli.run(`image add fedora ${json}`)).out, /is there already, with the same data/);
  t.regex((await cli.run('image show fedora')).out, /root_device +\/dev\/mapper\/atomicos-root/);
  t.regex((await cli.run('image list')).out, /fedora +partition +file:/);
});

test('a name is not given to another image unasked', async (t) => {
  const cli = await openCli(t);
  t.is((await cli.run(`image add a http://h/a.qcow2 ${PARTS}`)).status, 0);
  const other = await cli.run('image add a http://h/b.qcow2 --whole-disk');
  t.is(other.status, 5);
  t.regex(other.err, /stands for http:\/\/h\/a\.qcow2 .*IMAGE_NAME_TAKEN/s);
  t.is((await cli.run('image add a http://h/b.qcow2 --whole-disk --replace')).status, 0);
  t.regex((await cli.run('image list')).out, /a +whole-disk +http:\/\/h\/b\.qcow2/);
  t.is((await cli.run('image remove a')).out, 'a removed\n');
  t.regex((await cli.run('image list')).out, /No image has a name/);
});

const REFUSED: readonly (readonly [line: string, status: number, error: RegExp])[] = [
  ['image add', 2, /NAME is missing/],
  ['image add a', 2, /NAME\.json, FILE or URL is missing/],
  ['image add a ./nothing.raw', 2, /There is no file/],
  ['image add a ./nothing.json', 2, /nothing\.json.*Expected a NAME\.json/],
  ['image add a/b http://h/a', 1, /image name/],
  ['image add a ftp://h/a', 1, /image_source/],
  [`image add a http://h/a ${PARTS} --checksum xyz`, 1, /image_checksum/],
  ['image add a http://h/a --format vmdk', 1, /image_disk_format/],
  ['image add a http://h/a --root-gb many', 2, /--root-gb many/],
  ['image show nothing', 4, /no image with the name "nothing"/],
  ['image remove nothing', 4, /no image with the name "nothing"/],
];
for (const [line, wanted, error] of REFUSED)
  test(`refused: ${line}`, async (t) => {
    const cli = await openCli(t);
    const { status, err } = await cli.run(line);
    t.is(status, wanted, err);
    t.regex(err, error);
  });

test('a deploy takes an image by its name, and suggests names', async (t) => {
  const cli = await openCli(t);
  await cli.run(ENROLL);
  await cli.run(`image add fedora http://h/a.qcow2 ${PARTS}`);
  const wrong = await cli.run('node deploy one --image fedra');
  t.is(wrong.status, 4);
  t.regex(wrong.err, /Did you mean fedora\?/);
  const { status, err } = await cli.run('node deploy one --image fedora --no-wait');
  t.is(status, 0, err);
  const { instanceInfo } = await getNode(cli.database, 'one');
  t.deepEqual(instanceInfo, { image_source: 'image://fedora' });
});

const SOURCES: readonly (readonly [given: string, source: string, type: string | undefined])[] = [
  ['http://h/a.qcow2', 'http://h/a.qcow2', 'partition'],
  [`${FOLDER}/plain.raw`, `file://${FOLDER}/plain.raw`, 'partition'],
  ['0b1c2d3e-0000-4000-8000-00000000000f', '0b1c2d3e-0000-4000-8000-00000000000f', undefined],
];
for (const [given, source, type] of SOURCES)
  test(`--image ${given.replace(FOLDER, '')}`, async (t) => {
    await writeFile(join(FOLDER, 'plain.raw'), 'x');
    const cli = await openCli(t);
    await cli.run(ENROLL);
    const { status, err } = await cli.run(`node deploy one --image ${given} --no-wait`);
    t.is(status, 0, err);
    const { instanceInfo } = await getNode(cli.database, 'one');
    t.is(instanceInfo['image_source'], source);
    t.is(instanceInfo['image_type'], type);
  });
