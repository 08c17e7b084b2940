import { API_ERRORS } from '../errors/api.ts';
import { MAX_MINOR, MICROVERSIONS, MIN_MINOR, since } from './gates.ts';
import { ALLOCATION_LIST } from './allocations/allocations.ts';
import { NODE_SHAPE } from './nodes/shape.ts';
import { VERB_OF_TARGET } from './nodes/states.ts';
import { PORTGROUP_SPEC } from './portgroups/portgroups.ts';
import { PORT_SHAPE } from './ports/shape.ts';
import { endpoints } from './resource.ts';
import { resources } from './resources.ts';
import { TEMPLATE_SPEC } from './templates/templates.ts';
import { CONNECTOR_SPEC, TARGET_SPEC } from './volume/volume.ts';

const INTRODUCTION = `# REST API

Generated from \`conductor/api\` by \`npm run docs\`; do not edit.

The API is that of OpenStack Ironic: clients of Ironic (Nova, \`openstack baremetal\`, openstacksdk,
gophercloud) use it unchanged at \`http://127.0.0.1:6385\` or on a unix socket. Who may use it says
\`auth.strategy\`: everybody on this host (\`noauth\`), users of a file (\`http_basic\`) or of Keystone
(\`keystone\`, see policy.md); writes from web pages of other origins are refused.
On the provisioning network only what ramdisks call is served: \`pass_deploy_info\`, which the deploy
key protects; for agents also lookup, heartbeat (by token), \`continue_inspection\` and their images;
for BMCs the images of virtual drives, under names that cannot be guessed.

## Requests and answers

- Version: \`X-OpenStack-Ironic-API-Version: 1.N\` or \`OpenStack-API-Version: baremetal 1.N\`;
  \`latest\` is the highest; without either it is 1.${MIN_MINOR}. This server speaks
  1.${MIN_MINOR} to 1.${MAX_MINOR}. Another version is answered with 406. Every answer below \`/v1\` tells the
  version used, the lowest and the highest in three headers.
- Paths: with or without \`/v1\` in front, a slash at the end or \`.json\` behind. A node is named by
  its UUID or its name.
- Errors: \`{"error_message": "<JSON text>"}\`. The text inside holds \`faultcode\`, \`faultstring\`,
  \`debuginfo\`, and our own \`ironpxe_code\` and \`ironpxe_next\` (what to do).
- Lists: \`limit\` (at most 1000), \`marker\`, \`sort_key\`, \`sort_dir\`, \`fields\`, \`detail\`; \`next\` is there
  while a page is full.
- PATCH: RFC 6902 with \`add\`, \`replace\` and \`remove\`. A write to a node that the conductor holds
  waits for it shortly, then is answered with 409 \`NODE_LOCKED\`.
- Secrets in \`driver_info\` and \`instance_info\` are shown as \`******\`.
- Bodies: at most 1 MiB (64 MiB for \`states/provision\`), at most 25 levels deep.

## Where it differs from Ironic

- What a node's driver cannot do is refused as Ironic refuses it (400 "Driver … does not
  support …", 404 for RAID). Ironic accepts some of it and fails afterwards: boot mode, secure boot and
  virtual media are refused at once here.
- \`boot_mode\`, \`secure_boot\` and \`console_enabled\` cannot be given when a node is made: the machine
  says what they are.
- \`GET …/firmware?detail=true\` shows every field; Ironic shows the times only.
- \`image_download_source\` of virtual media: \`local\`, the default, has the conductor fetch the image
  (\`http\`, \`https\`) and serve it; \`http\` and \`swift\` leave the URL to the BMC.
- Standard traits are known by the beginning of their names (\`HW_\`, \`COMPUTE_\`, …), not one by one.
- \`network_data\` is checked for its links, networks and services, not for every kind of them.
- The history of a node is a view of its timeline: the failures, known by the number of the event.
- Events of Neutron are noted in the timeline; nothing waits for them.
- With the network interface \`noop\`, the default, attaching a VIF is accepted and changes nothing.
  \`flat\` and \`neutron\` work on ports of Neutron, and their DHCP options come from there.
- Agents (IPA) look up their node and report with the token of version 1.62; what they report stands
  in \`driver_internal_info\`. They deploy nodes whose deploy interface is \`direct\`; the default is iSCSI.
- \`GET /openapi.json\` is our own: this API as OpenAPI 3.1, made from the schemas that check requests.
- \`timeout\` of \`states/power\` is taken in place of the configured time.
- \`GET /v1/nodes/{ident}/timeline?after=ID&limit=N\` is our own: events, the id of the newest, the
  last operation with its steps, and the states of the node, made to be polled. With
  \`Accept: text/event-stream\` events come as they happen (server-sent events; \`Last-Event-ID\`
  goes on where a connection was lost).
- \`GET /v1/nodes/{ident}/kernel_line\` is our own: \`line\`, what the node's own system is (or would
  be) booted with; \`parts\`, its pieces with where each comes from (\`instance_info\`, \`driver_info\`,
  \`image\`, \`configuration\`, \`disk\`, \`ironpxe\`); \`reason\`, why there is none.
- \`POST /v1/nodes/{ident}/verify\` is our own: boots the ramdisk of an active node, compares its
  disk with what was deployed (a service, in Ironic's states), and boots its system again. The
  result is \`driver_internal_info/disk_verification\`.
`;

/** docs/reference/api.md */
export function apiReference(): string {
  return [INTRODUCTION, versions(), paths(), verbs(), fields(), errors()].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`);
  return lines.join('');
}

function versions(): string {
  const rows = Object.entries(MICROVERSIONS).map(([minor, adds]) => [`1.${minor}`, adds]);
  return `## Versions\n\n${table(['Version', 'What it brought'], rows)}`;
}

function paths(): string {
  const about = { version: '', configDigest: '', startedAt: new Date(0) };
  const rows = endpoints(resources(about)).map(({ path, method, endpoint }) => [
    `\`${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}\``,
    `1.${endpoint.since ?? MIN_MINOR}`,
    endpoint.what,
  ]);
  return `## Paths\n\n${table(['Request', 'Since', 'What it does'], rows)}`;
}

function verbs(): string {
  const rows = Object.entries(VERB_OF_TARGET)
    .filter(([target]) => since('verbs', target) <= MAX_MINOR)
    .map(([target, verb]) => [`\`${target}\``, verb, `1.${since('verbs', target)}`]);
  return `## Targets of states/provision\n\n${table(['Target', 'Verb', 'Since'], rows)}`;
}

function fields(): string {
  const shapes = [
    { title: 'Node', shape: NODE_SHAPE, from: MIN_MINOR },
    { title: 'Port', shape: PORT_SHAPE, from: MIN_MINOR },
    { title: 'Portgroup', shape: PORTGROUP_SPEC.shape, from: 23 },
    { title: 'Volume connector', shape: CONNECTOR_SPEC.shape, from: 32 },
    { title: 'Volume target', shape: TARGET_SPEC.shape, from: 32 },
    { title: 'Allocation', shape: ALLOCATION_LIST.shape, from: 52 },
    { title: 'Deploy template', shape: TEMPLATE_SPEC.shape, from: 55 },
  ];
  const rows = shapes.flatMap(({ title, shape, from }) =>
    Object.keys(shape.fields).map((name) => [
      title,
      `\`${name}\``,
      `1.${Math.max(from, since(shape.group, name))}`,
    ]),
  );
  return `## Fields\n\n${table(['Of', 'Field', 'Since'], rows)}`;
}

function errors(): string {
  const rows = Object.entries(API_ERRORS).map(([code, row]) => [
    `\`${code}\``,
    String(row.status),
    row.cause,
  ]);
  return `## Errors of requests\n\n${table(['Code', 'Status', 'Cause'], rows)}`;
}
