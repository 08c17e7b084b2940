import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { execa } from 'execa';
import { openHarness } from '../api/harness.ts';

const PYTHON = '/usr/bin/python3';

/** Runs each command line in one process, as starting the client takes seconds. */
const DRIVER = `
import contextlib, io, json, sys
from openstackclient import shell
for args in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = shell.main(["baremetal"] + args)
        except SystemExit as end:
            code = end.code
    print(json.dumps({"code": code or 0, "out": out.getvalue(), "err": err.getvalue()}), flush=True)
`;

type Line = readonly [args: string, expected: RegExp, fails?: 'fails'];

/** A node's life with the real client; \`{"k":"v"}\` stands for JSON output that must hold it. */
const LINES: readonly Line[] = [
  ['driver list -f json', /"Supported driver\(s\)": "pxe_ssh"/],
  ['driver property list pxe_ssh -f json', /ssh_address/],
  ['driver passthru list pxe_ssh', /^/],
  ['chassis create --description rig --uuid 11111111-1111-4111-8111-111111111111', /rig/],
  ['chassis list -f json', /"Description": "rig"/],
  [
    'node create --driver pxe_ssh --name one --property cpus=4 --driver-info ssh_password=p --chassis-uuid 11111111-1111-4111-8111-111111111111 --uuid 22222222-2222-4222-8222-222222222222 -f json',
    /"provision_state": "enroll"/,
  ],
  ['node show one -f json --fields driver_info', /"ssh_password": "\*{6}"/],
  ['node list -f json', /"Name": "one"/],
  ['node list --fields uuid name provision_state --sort name:asc --limit 10 -f json', /"one"/],
  ['node list --provision-state enroll --unassociated -f json', /"one"/],
  ['node list --long -f json', /pxe_ssh/],
  [
    'port create 52:54:00:11:22:33 --node 22222222-2222-4222-8222-222222222222 --uuid 33333333-3333-4333-8333-333333333333',
    /52:54:00:11:22:33/,
  ],
  ['port list --node one -f json', /52:54:00:11:22:33/],
  ['port set 33333333-3333-4333-8333-333333333333 --extra a=b', /^/],
  ['port show 33333333-3333-4333-8333-333333333333 -f json', /"a": "b"/],
  ['port unset 33333333-3333-4333-8333-333333333333 --extra a', /^/],
  ['node set one --extra k=v --property capabilities=boot_mode:bios', /^/],
  ['node unset one --extra k', /^/],
  ['node set one --resource-class baremetal --description text --owner me', /^/],
  ['node list --resource-class baremetal --owner me -f json', /"one"/],
  ['node validate one -f json', /image_source is missing/],
  ['node manage one --wait 20', /^/],
  ['node provide one --wait 20', /^/],
  ['node maintenance set one --reason why', /^/],
  ['node maintenance unset one', /^/],
  ['node power on one', /^/],
  ['node show one -f json --fields power_state', /"power_state": "power on"/],
  ['node reboot one', /^/],
  ['node boot device set one pxe --persistent', /^/],
  ['node boot device show one -f json', /"boot_device": "pxe"/],
  ['node boot device show one --supported -f json', /pxe/],
  ['node passthru list one -f json', /pass_deploy_info/],
  ['node set one --instance-info image_source=http://h/i --instance-info root_gb=4', /^/],
  ['node deploy one', /^/],
  ['node show one -f json --fields provision_state target_provision_state', /"deploying"/],
  ['conductor list -f json', /"Hostname": "test-conductor"/],
  ['conductor show test-conductor -f json', /"alive": true/],
  [
    'port group create --node 22222222-2222-4222-8222-222222222222 --name bond --address 52:54:00:11:22:44 --mode 802.3ad',
    /802\.3ad/,
  ],
  ['port group list --node one -f json', /"Name": "bond"/],
  ['port group set bond --property miimon=100', /^/],
  ['port group show bond -f json', /"miimon"/],
  ['port group delete bond', /Deleted/],
  ['node add trait one CUSTOM_A CUSTOM_B', /Added trait CUSTOM_A/],
  ['node remove trait one CUSTOM_A', /Removed trait CUSTOM_A/],
  ['node trait list one -f json', /CUSTOM_B/],
  ['node remove trait one --all', /^/],
  ['node vif attach one 44444444-4444-4444-8444-444444444444', /^/],
  ['node vif list one', /^/],
  ['node vif detach one 44444444-4444-4444-8444-444444444444', /^/],
  ['node bios setting list one', /^/],
  [
    'volume connector create --node 22222222-2222-4222-8222-222222222222 --type iqn --connector-id iqn.2024.org.x:1 --uuid 55555555-5555-4555-8555-555555555555',
    /iqn\.2024/,
  ],
  ['volume connector list --node one -f json', /iqn\.2024/],
  ['node power off one', /^/],
  ['volume connector delete 55555555-5555-4555-8555-555555555555', /Deleted/],
  [
    'volume target create --node 22222222-2222-4222-8222-222222222222 --type iscsi --volume-id v1 --boot-index 0',
    /"?v1"?/,
  ],
  ['volume target list -f json', /"Volume ID": "v1"/],
  ['driver list -f json', /fake-hardware/],
  ['driver show fake-hardware -f json', /"enabled_raid_interfaces"/],
  ['driver raid property list fake-hardware', /raid_level/],
  ['driver passthru list fake-hardware', /^/],
  [
    'node create --driver fake-hardware --name two --resource-class big --network-interface noop --network-data {"links":[],"networks":[],"services":[]} --uuid 66666666-6666-4666-8666-666666666666 -f json',
    /"resource_class": "big"/,
  ],
  ['node set two --lessee them', /^/],
  ['node list --lessee them -f json', /"two"/],
  ['node set two --raid-interface no-raid', /^/],
  ['node unset two --raid-interface', /^/],
  ['node set two --target-raid-config {"logical_disks":[{"size_gb":"MAX","raid_level":"1"}]}', /^/],
  ['node console enable two', /^/],
  ['node console show two -f json', /"console_enabled": true/],
  ['node console disable two', /^/],
  ['node boot mode set two uefi', /^/],
  ['node secure boot on two', /^/],
  ['node show two -f json --fields boot_mode secure_boot', /"boot_mode": "uefi"/],
  ['node secure boot off two', /^/],
  ['node power off two --soft --power-timeout 60', /^/],
  ['node reboot two --soft', /^/],
  ['node passthru list two -f json', /third_method_sync/],
  // The answer is `true`, as Ironic's; this client can show objects only.
  ['node passthru call two third_method_sync --arg bar=meow', /'bool' object/, 'fails'],
  ['node passthru call two second_method', /Parameter 'bar' not passed/, 'fails'],
  ['node manage two --wait 20', /^/],
  ['node inspect two --wait 20', /^/],
  [
    'node clean two --clean-steps [{"interface":"deploy","step":"erase_devices_metadata"}] --wait 20',
    /^/,
  ],
  ['node set two --retired --retired-reason old', /^/],
  ['node list --retired -f json', /"two"/],
  ['node unset two --retired', /^/],
  ['node provide two --wait 20', /^/],
  ['node set two --automated-clean', /^/],
  ['node power off two', /^/],
  ['allocation create --resource-class big --name mine --wait 20 -f json', /"state": "active"/],
  ['allocation list -f json', /"Name": "mine"/],
  ['allocation list --node two --state active -f json', /"mine"/],
  ['allocation show mine -f json --fields node_uuid', /66666666/],
  ['allocation set mine --extra a=b', /^/],
  ['allocation unset mine --extra a', /^/],
  ['allocation create --resource-class big --wait 20', /no available nodes/, 'fails'],
  ['allocation delete mine', /Deleted/],
  [
    'deploy template create CUSTOM_T --steps [{"interface":"bios","step":"apply_configuration","args":{"settings":[]},"priority":10}]',
    /CUSTOM_T/,
  ],
  ['deploy template list -f json', /CUSTOM_T/],
  ['deploy template set CUSTOM_T --extra a=b', /^/],
  ['deploy template show CUSTOM_T -f json', /apply_configuration/],
  ['deploy template delete CUSTOM_T', /Deleted/],
  ['node history list two', /^/],
  ['node bios setting show two x', /doesn't have a BIOS setting/, 'fails'],
  ['node set two --instance-info image_source=http://h/i', /^/],
  ['node adopt two', /can not be performed/, 'fails'],
  ['node manage two --wait 20', /^/],
  ['node adopt two --wait 20', /^/],
  ['node set two --protected --protected-reason mine', /^/],
  ['node undeploy two', /protected/, 'fails'],
  ['node unset two --protected', /^/],
  ['node rescue two --rescue-password pw --wait 20', /^/],
  ['node unrescue two --wait 20', /^/],
  ['node undeploy two --wait 20', /^/],
  ['node abort two', /can not be performed/, 'fails'],
  ['node delete two', /Deleted node two/],
  ['node inject nmi one', /does not support inject_nmi/, 'fails'],
  ['node console show one', /does not support console/, 'fails'],
  ['node power off one --soft', /does not support/, 'fails'],
  ['node show nope', /Node nope could not be found/, 'fails'],
  ['node provide one', /can not be performed on node/, 'fails'],
  ['node create --driver nope', /No valid host was found/, 'fails'],
  ['node maintenance set one', /^/],
  ['node delete one', /Deleted node one/],
  ['chassis delete 11111111-1111-4111-8111-111111111111', /Deleted/],
];

const installed = existsSync('/usr/lib/python3/dist-packages/ironicclient');

(installed ? test : test.skip)(
  'the openstack client (python3-openstackclient, python3-ironicclient) leads a node through its life',
  async (t) => {
    const api = await openHarness();
    t.teardown(api.close);
    await api.app.listen({ host: '127.0.0.1', port: 0 });
    const { port: listenPort } = api.app.server.address() as AddressInfo;
    const { stdout } = await execa(PYTHON, ['-c', DRIVER], {
      input: JSON.stringify(LINES.map(([args]) => args.split(' '))),
      env: {
        PATH: '/usr/bin:/bin',
        OS_AUTH_TYPE: 'none',
        OS_ENDPOINT: `http://127.0.0.1:${listenPort}`,
      },
      extendEnv: false,
      timeout: 100_000,
    });
    const results = stdout.split('\n').map((line) => JSON.parse(line) as Result);
    t.is(results.length, LINES.length);
    for (const [index, [args, expected, fails]] of LINES.entries()) {
      const { code, out, err } = results[index] ?? { code: -1, out: '', err: '' };
      t.is(code !== 0, fails === 'fails', `${args}: ${err}${out}`);
      t.regex(fails === 'fails' ? err : out, expected, args);
    }
  },
);

type Result = { readonly code: number; readonly out: string; readonly err: string };
