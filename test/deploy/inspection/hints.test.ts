import test from 'ava';
import { matchesHints } from '../../../conductor/deploy/inspection/hints.ts';
import type { InventoryDisk } from '../../../conductor/deploy/ramdisk/types.ts';
import type { JsonObject } from '../../../conductor/store/types.ts';
import { GIB } from '../../../conductor/values/units.ts';

const DISK: InventoryDisk = {
  name: '/dev/sda',
  sizeBytes: 100 * GIB + 512,
  logicalBlockBytes: 512,
  model: 'Fast Disk 3000',
  serial: 'S1234',
  wwn: '5000c500a1b2c3d4',
  rotational: false,
  byPath: 'pci-0000:00:07.0',
  canDiscard: true,
  canWriteZeroes: true,
};

const ROWS: readonly (readonly [hints: JsonObject, holds: boolean])[] = [
  [{}, true],
  [{ size: 100 }, true],
  [{ size: '99' }, false],
  [{ size: '== 100' }, true],
  [{ size: '> 100' }, true],
  [{ size: '<= 100' }, false],
  [{ size: '= 100' }, true],
  [{ size: '!= 100' }, false],
  [{ model: 'fast disk 3000' }, true],
  [{ model: 's!= other' }, true],
  [{ model: '<in> disk' }, true],
  [{ model: '<all-in> fast <all-in> 3000' }, true],
  [{ model: '<all-in> fast <all-in> slow' }, false],
  [{ serial: '<or> X <or> s1234' }, true],
  [{ serial: '<or> X <or> Y' }, false],
  [{ wwn: '0x5000C500A1B2C3D4' }, true],
  [{ by_path: '/dev/disk/by-path/pci-0000:00:07.0' }, true],
  [{ rotational: 'false' }, true],
  [{ rotational: true }, false],
  [{ name: '/dev/sda', serial: 'S1234' }, true],
  [{ name: '/dev/sda', serial: 'other' }, false],
  [{ vendor: 's!= x' }, false],
  [{ colour: 'red' }, false],
];

for (const [hints, holds] of ROWS)
  test(`${JSON.stringify(hints)} ${holds ? 'fits' : 'does not fit'}`, (t) => {
    t.is(matchesHints(DISK, hints), holds);
  });
