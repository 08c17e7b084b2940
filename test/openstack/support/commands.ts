/** What a command line is expected to come to; without it, to succeed. */
type Expected = {
  /** Fields of what it prints with `-f json`, or of the row of a list that has them. */
  readonly like?: Readonly<Record<string, unknown>>;
  /** It fails, and says this. */
  readonly fails?: RegExp;
};
/**
 * `{x}` stands for what was kept as x: the UUID that an earlier command showed, or listed first.
 * `{file}`: one with {@link RESOURCES}.
 */
export type Row = readonly [command: string, expected?: Expected & { readonly keep?: string }];

/** What `create` makes at once. */
export const RESOURCES = {
  nodes: [
    { name: 'from-file', driver: 'fake-hardware', ports: [{ address: '52:54:00:11:22:55' }] },
  ],
};

const state = (provision_state: string) => ({ like: { provision_state } });
const SHOW = 'node show bm -f json';

/**
 * Every command of "openstack baremetal" (client 5.0), in an order in which they work
 * on fake-hardware; refusals are those of a real Ironic 21.4.
 */
export const WALK: readonly Row[] = [
  ['driver list -f json', { like: { 'Supported driver(s)': 'fake-hardware' } }],
  ['driver show fake-hardware -f json', { like: { name: 'fake-hardware', type: 'dynamic' } }],
  ['driver property list fake-hardware -f json'],
  ['driver raid property list fake-hardware -f json', { like: { Property: 'size_gb' } }],
  ['driver passthru list fake-hardware -f json'],
  ['driver passthru call fake-hardware none-such', { fails: /none-such/ }],
  ['conductor list -f json', { like: { Hostname: 'conductor', Alive: true } }],
  ['conductor show conductor -f json', { like: { hostname: 'conductor' } }],

  ['chassis create --description rig -f json', { like: { description: 'rig' }, keep: 'chassis' }],
  ['chassis set {chassis} --description other --extra a=b'],
  ['chassis list --long -f json', { like: { UUID: '{chassis}', Description: 'other' } }],
  ['chassis unset {chassis} --extra a'],
  ['chassis show {chassis} -f json', { like: { extra: {} } }],

  [
    'node create --driver fake-hardware --name bm --property cpus=4 --property memory_mb=8192 --property local_gb=100 --property cpu_arch=x86_64 --driver-info foo=bar --resource-class baremetal --chassis-uuid {chassis} -f json',
    {
      like: {
        provision_state: 'enroll',
        properties: { cpus: 4, memory_mb: 8192, local_gb: 100, cpu_arch: 'x86_64' },
      },
      keep: 'node',
    },
  ],
  ['node create --driver fake-hardware --name bm', { fails: /already exists/ }],
  ['node create --driver none-such', { fails: /none-such/ }],
  ['node list -f json', { like: { Name: 'bm', 'Provisioning State': 'enroll' } }],
  ['node list --long -f json', { like: { Name: 'bm', 'Resource Class': 'baremetal' } }],
  ['node list --fields uuid name provision_state --sort name:asc --limit 10 -f json'],
  [
    'node list --provision-state enroll --driver fake-hardware --unassociated -f json',
    { like: { Name: 'bm' } },
  ],
  [
    'node list --chassis {chassis} --resource-class baremetal --no-maintenance -f json',
    { like: { Name: 'bm' } },
  ],
  ['node show bm --fields uuid provision_state -f json', { like: { uuid: '{node}' } }],
  ['node show none-such', { fails: /could not be found/ }],
  ['node validate bm -f json', { like: { Interface: 'deploy', Result: true } }],

  [
    'port create 52:54:00:11:22:33 --node {node} --local-link-connection switch_id=00:11:22:33:44:55 --local-link-connection port_id=eth0 --local-link-connection switch_info=sw1 -f json',
    { like: { address: '52:54:00:11:22:33', node_uuid: '{node}' }, keep: 'port' },
  ],
  ['port create 52:54:00:11:22:33 --node {node}', { fails: /already exists/ }],
  ['port list --node bm -f json', { like: { UUID: '{port}' } }],
  ['port list --address 52:54:00:11:22:33 -f json', { like: { UUID: '{port}' } }],
  ['port list --long -f json', { like: { 'Node UUID': '{node}' } }],
  ['port set {port} --extra a=b --physical-network net1'],
  ['port unset {port} --extra a --physical-network'],
  ['port show {port} -f json', { like: { extra: {}, physical_network: null } }],
  [
    'port group create --node {node} --name pg --address 52:54:00:11:22:44 -f json',
    { like: { name: 'pg' } },
  ],
  ['port group set pg --mode 802.3ad --extra a=b'],
  ['port group unset pg --extra a'],
  ['port group list --node bm -f json', { like: { Name: 'pg' } }],
  ['port group show pg -f json', { like: { mode: '802.3ad' } }],
  ['port group delete pg'],

  [
    'node set bm --property capabilities=boot_mode:uefi --extra k=v --driver-info ipmi_address=192.0.2.1 --description text',
  ],
  ['node unset bm --extra k --driver-info ipmi_address'],
  [SHOW, { like: { description: 'text', extra: {}, driver_info: { foo: 'bar' } } }],
  ['node manage bm --wait 300'],
  [SHOW, state('manageable')],
  ['node inspect bm --wait 300'],
  ['node clean bm --clean-steps [{"interface":"bios","step":"factory_reset"}] --wait 300'],
  [SHOW, state('manageable')],
  [
    'node clean bm --clean-steps [{"interface":"raid","step":"none_such"}] --wait 300',
    { fails: /clean failed/ },
  ],
  [SHOW, state('clean failed')],
  ['node manage bm --wait 300'],
  ['node provide bm --wait 300'],
  [SHOW, state('available')],
  ['node provide bm', { fails: /can not be performed|cannot be performed/ }],

  ['node maintenance set bm --reason why'],
  ['node list --maintenance -f json', { like: { Name: 'bm' } }],
  [SHOW, { like: { maintenance: true, maintenance_reason: 'why' } }],
  ['node maintenance unset bm'],
  ['node power on bm --power-timeout 300'],
  ['node power off bm --soft --power-timeout 300'],
  ['node reboot bm'],
  ['node reboot bm --soft'],
  ['node boot device set bm pxe'],
  ['node boot device set bm none-such', { fails: /none-such/ }],
  ['node boot device set bm pxe --persistent'],
  ['node boot device show bm -f json', { like: { boot_device: 'pxe', persistent: true } }],
  ['node boot device show bm --supported -f json'],
  ['node boot mode set bm uefi'],
  ['node secure boot on bm'],
  ['node secure boot off bm'],
  ['node console enable bm'],
  ['node console show bm -f json', { like: { console_enabled: true } }],
  ['node console disable bm'],
  ['node inject nmi bm', { fails: /inject_nmi/ }],
  ['node bios setting list bm -f json'],
  ['node bios setting show bm x', { fails: /could not be found|has no bios|x/ }],
  ['node add trait bm CUSTOM_A CUSTOM_B'],
  ['node trait list bm -f json', { like: { Traits: 'CUSTOM_A' } }],
  ['node remove trait bm CUSTOM_A'],
  ['node remove trait bm --all'],
  ['node passthru list bm -f json'],
  ['node passthru call bm first_method --arg bar=baz', { fails: /first_method/ }],
  ['node passthru call bm second_method --arg bar=kazoo'],
  // This client cannot show the answer "true", not Ironic's either.
  ['node passthru call bm third_method_sync --arg bar=meow', { fails: /'bool' object/ }],
  ['node set bm --power-interface fake --resource-class baremetal'],
  ['node set bm --power-interface none-such', { fails: /none-such/ }],
  ['node set bm --automated-clean'],
  ['node unset bm --automated-clean'],
  ['node vif list bm -f json'],
  ['node vif attach bm 11111111-2222-4333-8444-555555555555'],
  ['node vif detach bm 11111111-2222-4333-8444-555555555555'],
  ['node history list bm -f json', { like: { Severity: 'ERROR' }, keep: 'event' }],
  ['node history get bm {event} -f json', { like: { uuid: '{event}', severity: 'ERROR' } }],

  [
    'allocation create --resource-class none-such --name never --wait 300',
    { fails: /never|fail/i },
  ],
  ['allocation delete never'],
  [
    'allocation create --resource-class baremetal --name al --wait 300 -f json',
    { like: { state: 'active', node_uuid: '{node}' } },
  ],
  ['allocation set al --extra a=b'],
  ['allocation unset al --extra a'],
  ['allocation list -f json', { like: { Name: 'al' } }],
  ['allocation show al -f json', { like: { state: 'active' } }],
  ['allocation delete al'],

  [
    'node set bm --instance-info image_source=http://127.0.0.1/x.img --instance-info image_checksum=abc --instance-info root_gb=10',
  ],
  ['node deploy bm --wait 300'],
  [SHOW, state('active')],
  ['node rebuild bm --config-drive {"meta_data":{"a":"b"},"user_data":"x"} --wait 300'],
  ['node rebuild bm --wait 300'],
  ['node set bm --protected --protected-reason mine'],
  ['node undeploy bm', { fails: /protected/ }],
  ['node unset bm --protected'],
  ['node rescue bm --rescue-password pw --wait 300'],
  [SHOW, state('rescue')],
  ['node unrescue bm --wait 300'],
  ['node abort bm', { fails: /abort/ }],
  ['node undeploy bm --wait 300'],
  [SHOW, { like: { provision_state: 'available', instance_info: {} } }],

  [
    'volume connector create --node {node} --type iqn --connector-id iqn.2024.org.x:1 -f json',
    { keep: 'connector' },
  ],
  ['volume connector list --node bm -f json', { like: { Type: 'iqn' } }],
  ['node power off bm --power-timeout 300'],
  ['volume connector set {connector} --extra a=b'],
  ['volume connector unset {connector} --extra a'],
  ['volume connector show {connector} -f json', { like: { extra: {} } }],
  [
    'volume target create --node {node} --type iscsi --volume-id v1 --boot-index 0 -f json',
    { keep: 'target' },
  ],
  ['volume target set {target} --volume-id v2 --extra a=b'],
  ['volume target unset {target} --extra a'],
  ['volume target list --long -f json', { like: { 'Volume ID': 'v2' } }],
  ['volume target show {target} -f json', { like: { volume_id: 'v2', extra: {} } }],
  ['volume connector delete {connector}'],
  ['volume target delete {target}'],

  [
    'deploy template create CUSTOM_T --steps [{"interface":"bios","step":"apply_configuration","args":{"settings":[]},"priority":10}] -f json',
    { like: { name: 'CUSTOM_T' } },
  ],
  ['deploy template set CUSTOM_T --extra a=b'],
  ['deploy template unset CUSTOM_T --extra a'],
  ['deploy template list -f json', { like: { Name: 'CUSTOM_T' } }],
  ['deploy template show CUSTOM_T -f json', { like: { extra: {} } }],
  ['deploy template delete CUSTOM_T'],

  ['create {file}'],
  ['port list --node from-file -f json', { like: { Address: '52:54:00:11:22:55' } }],
  ['node show from-file -f json', { like: { driver: 'fake-hardware' } }],
  ['node delete from-file'],

  ['node create --driver fake-hardware --name adopted'],
  ['node manage adopted --wait 300'],
  ['node adopt adopted --wait 300'],
  ['node maintenance set adopted'],
  ['node delete adopted'],
  ['port delete {port}'],
  ['node delete bm'],
  ['node show bm', { fails: /could not be found/ }],
  ['chassis delete {chassis}'],
];
