import test from 'ava';
import { parseXfsInfo, xfsMakeOptions } from '../../../image-tools/guestfish/xfsFeatures.ts';

/** As xfsprogs 6.1 prints it. */
const NEW = `meta-data=/dev/sda               isize=512    agcount=4, agsize=380160 blks
         =                       sectsz=512   attr=2, projid32bit=1
         =                       crc=1        finobt=1, sparse=1, rmapbt=0
         =                       reflink=1    bigtime=1 inobtcount=1 nrext64=0
data     =                       bsize=4096   blocks=1520640, imaxpct=25
         =                       sunit=0      swidth=0 blks
naming   =version 2              bsize=4096   ascii-ci=0, ftype=1
log      =internal log           bsize=4096   blocks=16384, version=2
         =                       sectsz=512   sunit=0 blks, lazy-count=1
realtime =none                   extsz=4096   blocks=0, rtextents=0
`;

/** As xfsprogs 3.2 printed it in 2014. */
const OLD = `meta-data=/dev/mapper/atomicos-root isize=256    agcount=4, agsize=196608 blks
         =                       sectsz=512   attr=2, projid32bit=1
         =                       crc=0        finobt=0
data     =                       bsize=4096   blocks=786432, imaxpct=25
naming   =version 2              bsize=4096   ascii-ci=0 ftype=0
`;

test('a new file system keeps its features', (t) => {
  const info = parseXfsInfo(NEW);
  t.is(info.get('data.bsize'), '4096');
  t.deepEqual(xfsMakeOptions(info, { uuid: 'u-1', label: 'root' }), [
    '-m',
    'crc=1,finobt=1,rmapbt=0,reflink=1,bigtime=1,inobtcount=1,uuid=u-1',
    '-i',
    'size=512,sparse=1',
    '-b',
    'size=4096',
    '-L',
    'root',
  ]);
});

test('one of 2014 gets nothing that its kernel does not know', (t) => {
  t.deepEqual(xfsMakeOptions(parseXfsInfo(OLD), { uuid: undefined }), [
    '-m',
    'crc=0',
    '-i',
    'size=256,sparse=0',
    '-b',
    'size=4096',
    '-n',
    'ftype=0',
  ]);
});

test('a label that a shell could read otherwise is left out', (t) => {
  t.false(xfsMakeOptions(parseXfsInfo(NEW), { label: 'a;b' }).includes('-L'));
});
