import { readFileSync } from 'node:fs';
import test from 'ava';
import { hasImageCode } from '../../../image-tools/errors/error.ts';
import { parsePvHeader } from '../../../image-tools/lvm/label.ts';
import { currentMetadata, lvmCrc } from '../../../image-tools/lvm/metadataArea.ts';
import { linearRange, mapperPath, readVolumeGroup } from '../../../image-tools/lvm/read.ts';
import { parseVolumeGroup } from '../../../image-tools/lvm/volumeGroup.ts';
import { seededRandom } from '../support/random.ts';
import { metadataText, physicalVolumeHead, PV_UUID } from '../support/lvmImage.ts';

/** Sector 1 of a physical volume that pvcreate 2.03.16 made, and the header of its metadata area. */
const REAL = readFileSync(
  new URL('../vectors/atomicos-label-and-metadata-header.bin', import.meta.url),
);

test('the label of a real physical volume', (t) => {
  const head = Buffer.concat([Buffer.alloc(512), REAL.subarray(0, 512), Buffer.alloc(1024)]);
  t.deepEqual(parsePvHeader(head), {
    uuid: 'CbrYo2wl716x8YBBJFMK9sCOof1UWhTS',
    dataAreas: [{ offsetBytes: 1_048_576, sizeBytes: 0 }],
    metadataAreas: [{ offsetBytes: 4096, sizeBytes: 1_044_480 }],
  });
});

test('the checksum of a real metadata header', (t) => {
  const header = REAL.subarray(512);
  t.is(lvmCrc(header.subarray(4)), header.readUInt32LE(0));
});

async function read(head: Buffer) {
  const place = { offsetBytes: 5_000_000, sizeBytes: 2 ** 30 };
  const disk = async ({ offsetBytes, sizeBytes }: { offsetBytes: number; sizeBytes: number }) => {
    const at = offsetBytes - place.offsetBytes;
    return head.subarray(at, at + sizeBytes);
  };
  return readVolumeGroup(disk, place, head);
}

test('a group, its volume, and where the volume lies', async (t) => {
  const found = await read(physicalVolumeHead(metadataText({ extents: 1485 })));
  t.is(found?.group.name, 'atomicos');
  t.is(found?.header.uuid, PV_UUID);
  const [volume] = found?.group.logicalVolumes ?? [];
  t.like(volume, { name: 'root', visible: true });
  t.deepEqual(found && volume && linearRange(found, volume), {
    offsetBytes: 1_048_576,
    sizeBytes: 1485 * 4 * 1024 * 1024,
  });
});

test('metadata that runs round the end of its ring', async (t) => {
  const text = metadataText({ extents: 7, group: 'my-vg', volume: 'my-root' });
  const found = await read(physicalVolumeHead(text, 1_044_480 - 100));
  t.is(found?.group.name, 'my-vg');
  t.is(mapperPath('my-vg', 'my-root'), '/dev/mapper/my--vg-my--root');
});

const SEGMENTS: readonly [string, string, RegExp][] = [
  [
    'two segments',
    `segment1 {\nstart_extent = 0\nextent_count = 1\ntype = "striped"\nstripes = ["pv0", 0]\n}\nsegment2 {\nstart_extent = 1\nextent_count = 1\ntype = "striped"\nstripes = ["pv0", 9]\n}`,
    /2 segments/,
  ],
  [
    'stripes',
    'segment1 {\nstart_extent = 0\nextent_count = 2\ntype = "striped"\nstripes = ["pv0", 0, "pv1", 0]\n}',
    /not linear/,
  ],
  [
    'thin',
    'segment1 {\nstart_extent = 0\nextent_count = 2\ntype = "thin"\nthin_pool = "pool"\n}',
    /type thin/,
  ],
  [
    'another disk',
    'segment1 {\nstart_extent = 0\nextent_count = 2\ntype = "striped"\nstripes = ["pv1", 0]\n}',
    /another physical volume/,
  ],
];

for (const [what, segments, reason] of SEGMENTS)
  test(`not linear: ${what}`, async (t) => {
    const found = await read(physicalVolumeHead(metadataText({ extents: 2, segments })));
    const [volume] = found?.group.logicalVolumes ?? [];
    const range = found && volume && linearRange(found, volume);
    t.regex(range && 'notLinear' in range ? range.notLinear : '', reason);
  });

test('hidden volumes are told from visible ones', (t) => {
  const more = 'lvol0_pmspare {\nid = "x"\nstatus = ["READ", "WRITE"]\n}';
  const group = parseVolumeGroup(metadataText({ extents: 1, more }));
  t.deepEqual(
    group.logicalVolumes.map(({ name, visible }) => [name, visible]),
    [
      ['root', true],
      ['lvol0_pmspare', false],
    ],
  );
});

test('names that LVM does not allow are refused', (t) => {
  const error = t.throws(() => parseVolumeGroup(metadataText({ extents: 1, volume: '-rf' })));
  t.true(hasImageCode(error, 'SOURCE_DAMAGED'));
});

test('a wrong checksum is damage', (t) => {
  const head = physicalVolumeHead(metadataText({ extents: 1 }));
  const area = head.subarray(4096);
  const place = { offsetBytes: 4096, sizeBytes: 1_044_480 };
  t.truthy(currentMetadata(area, place));
  area.writeUInt8(area.readUInt8(600) ^ 1, 600);
  const error = t.throws(() => currentMetadata(area, place));
  t.true(hasImageCode(error, 'SOURCE_DAMAGED'));
});

test('metadata cut anywhere, or with random bytes, is an error of ours or a group', (t) => {
  const text = metadataText({ extents: 3 });
  const random = seededRandom(5);
  const tries = Array.from({ length: text.length }, (_, length) => text.slice(0, length));
  for (let round = 0; round < 500; round += 1) {
    const bytes = Buffer.from(text);
    for (let change = 0; change < 3; change += 1) bytes[random(bytes.length)] = 32 + random(95);
    tries.push(bytes.toString());
  }
  for (const each of tries) {
    try {
      t.truthy(parseVolumeGroup(each).name);
    } catch (error) {
      t.true(hasImageCode(error, 'SOURCE_DAMAGED'), String(error));
    }
  }
});
