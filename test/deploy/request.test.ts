import test from 'ava';
import { type DeployRequest, parseDeployRequest } from '../../conductor/deploy/request.ts';
import { nodeWith } from './support/node.ts';

const IMAGE = { image_source: 'http://h/image' };
const NETBOOT = { ...IMAGE, kernel: 'http://h/k', ramdisk: 'http://h/r', root_gb: 4 };
const PARTITION = { ...IMAGE, image_type: 'partition', root_gb: 4 };

type Row = readonly [name: string, instanceInfo: object, expected: Partial<DeployRequest>];
const ROWS: readonly Row[] = [
  [
    'a partition image boots from the network',
    NETBOOT,
    { installsLoader: false, bootsFromDisk: false, setsBootDevice: false, diskLabel: undefined },
  ],
  [
    'with boot_option local it needs no kernel beside it',
    { ...PARTITION, capabilities: '{"boot_option": "local", "boot_mode": "uefi"}' },
    { installsLoader: true, bootsFromDisk: true, setsBootDevice: true, bootMode: 'uefi' },
  ],
  [
    'a whole-disk image boots from the disk',
    IMAGE,
    { wholeDisk: true, installsLoader: false, bootsFromDisk: true, setsBootDevice: true },
  ],
  [
    'with boot_option netboot it is sent to the disk each time',
    { ...IMAGE, capabilities: { boot_option: 'netboot', disk_label: 'gpt' } },
    { bootsFromDisk: true, setsBootDevice: false, diskLabel: 'gpt' },
  ],
];

for (const [name, instanceInfo, expected] of ROWS)
  test(name, (t) => {
    t.like(parseDeployRequest(nodeWith({ instanceInfo: { ...instanceInfo } })), expected);
  });

test('how the machine starts is taken from its properties, and the instance wins', (t) => {
  const properties = { capabilities: 'boot_mode:uefi,cpu_vt:true' };
  const bootMode = (instanceInfo: object) =>
    parseDeployRequest(nodeWith({ properties, instanceInfo: { ...instanceInfo } })).bootMode;
  t.is(bootMode(NETBOOT), 'uefi');
  t.is(bootMode({ ...NETBOOT, capabilities: { boot_mode: 'bios' } }), 'bios');
});

test('a partition image that boots from the network needs its kernel', (t) => {
  t.throws(() => parseDeployRequest(nodeWith({ instanceInfo: PARTITION })), {
    code: 'DEPLOY_PARAMETER_MISSING',
    message: /kernel, instance_info\/ramdisk/,
  });
});
