import test from 'ava';
import { FakeRoot } from './shell.ts';

const CMDLINE =
  'BOOT_IMAGE=deploy_kernel selinux=0 xdisk=no disk=a disk=cciss/c0d0,sda text deployment_key=K=1 ' +
  'root_device=model=%22a%22,size=5 disk_note=no ironic_api_url="http://10.0.0.1:6385" ip=\n';

const root = await FakeRoot.create({
  'proc/cmdline': CMDLINE,
  'sys/class/net/lo/address': '00:00:00:00:00:00',
  'sys/class/net/eth0/address': '52:54:00:aa:bb:01',
  'sys/class/net/eth0/device/uevent': '',
  'sys/class/net/eth1/address': '52:54:00:aa:bb:02',
  'sys/class/net/eth1/device/uevent': '',
  'sys/class/net/br0/address': '52:54:00:aa:bb:02',
});
test.after.always(async () => {
  await root[Symbol.asyncDispose]();
});

const CASES: readonly (readonly [script: string, output: string])[] = [
  ['cmdline_value disk', 'cciss/c0d0,sda'],
  ['cmdline_value deployment_key', 'K=1'],
  ['cmdline_value root_device', 'model=%22a%22,size=5'],
  ['cmdline_value ironic_api_url', 'http://10.0.0.1:6385'],
  ['cmdline_value text', ''],
  ['cmdline_value ip', ''],
  ['cmdline_value missing', ''],
  ['bootif_mac 01-52-54-00-AA-bb-cc', '52:54:00:aa:bb:cc'],
  ['bootif_mac 52:54:00:AA:bb:cc', '52:54:00:aa:bb:cc'],
  ['bootif_mac 52-54-00-aa-bb-cc', '52:54:00:aa:bb:cc'],
  ['bootif_mac 01:52:54:00:aa:bb:cc', '52:54:00:aa:bb:cc'],
  ["bootif_mac '${mac}'", ''],
  ['bootif_mac ""', ''],
  ['bootif_mac 20-52-54-00-aa-bb-cc', ''],
  ['api_base http://h:6385', 'http://h:6385/v1'],
  ['api_base http://h:6385/', 'http://h:6385/v1'],
  ['api_base http://h:6385/v1', 'http://h:6385/v1'],
  ['api_base http://h:6385/v1/', 'http://h:6385/v1'],
  ['api_base http://h/baremetal//', 'http://h/baremetal/v1'],
  ['url_decode a%20b%2Cc', 'a b,c'],
  [String.raw`url_decode '100%\n%zz%5Cn%'`, String.raw`100%\n%zz\n%`],
  ['split_url http://10.0.0.1:6385/v1/nodes', '10.0.0.1 6385 /v1/nodes'],
  ['split_url http://api/v1', 'api 80 /v1'],
  ['split_url http://api', 'api 80 /'],
  ['split_url https://api/v1 || echo refused', 'refused'],
  ['split_url "http://[fd00::1]/v1" || echo refused', 'refused'],
  ['split_url http:///v1 || echo refused', 'refused'],
  ['split_url "" || echo refused', 'refused'],
  [
    'static_address 10.0.0.5:10.0.0.1:10.0.0.254:255.255.255.0',
    '10.0.0.5 255.255.255.0 10.0.0.254',
  ],
  ['static_address 10.0.0.5:::255.255.0.0:host:eth0:off', '10.0.0.5 255.255.0.0 '],
  ['static_address dhcp || echo none', 'none'],
  ['static_address "" || echo none', 'none'],
  ['mask_bits 255.255.255.0', '24'],
  ['mask_bits 255.255.254.0', '23'],
  ['nic_by_mac 52:54:00:aa:bb:02', 'eth1'],
  ['nic_by_mac 52:54:00:aa:bb:09 || echo none', 'none'],
  ['all_nics', 'eth0\neth1'],
];

for (const [script, output] of CASES) {
  test(script, async (t) => {
    t.is((await root.run(script)).stdout, output);
  });
}
