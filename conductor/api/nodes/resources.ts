import { listPortgroupsOfNode } from '../portgroups/portgroups.ts';
import { listPortsOfNode } from '../ports/list.ts';
import type { Resource } from '../resource.ts';
import { callVendorMethod, listVendorMethods } from '../vendorPassthru.ts';
import { listConnectorsOfNode, listTargetsOfNode, showVolumes } from '../volume/volume.ts';
import { listBios, showBios } from './bios.ts';
import { explainNode, showPhases } from './boot.ts';
import { createNode } from './create.ts';
import { showChildren } from './family.ts';
import { listFirmware } from './firmwareComponents.ts';
import { listNodeHistory, showInventory, showNodeHistory } from './history.ts';
import { changeIndicator, listIndicators, showIndicator } from './indicators.ts';
import { showKernelLine } from './kernelLine.ts';
import { verifyNode } from './verify.ts';
import { listNodes, showNode } from './list.ts';
import { refuse, validateNode } from './management.ts';
import { patchNode } from './patch.ts';
import { showRecording } from './recording.ts';
import { removeNode } from './remove.ts';
import { showTimeline } from './timeline.ts';
import { addTrait, clearTraits, removeTrait, replaceTraits, showTraits } from './traits.ts';
import { attachMedia, detachMedia } from './virtualMedia.ts';
import { attachVif, detachVif, listVifs } from './vifs.ts';

const NODES: readonly Resource[] = [
  {
    path: '/v1/nodes',
    GET: { what: 'Lists nodes.', handle: (c) => listNodes(c, { path: 'nodes' }) },
    POST: { what: 'Enrolls a node.', handle: createNode },
  },
  {
    path: '/v1/nodes/detail',
    GET: {
      what: 'Lists nodes with all fields.',
      handle: (c) => listNodes(c, { detail: true, path: 'nodes/detail' }),
    },
  },
  { path: '/v1/nodes/validate', GET: { what: 'Validates a node.', handle: validateNode } },
  {
    path: '/v1/nodes/:ident',
    GET: { what: 'Shows a node.', handle: showNode },
    PATCH: { what: 'Changes a node by JSON patch.', handle: patchNode },
    DELETE: { what: 'Removes a node.', handle: removeNode },
  },
  {
    path: '/v1/nodes/:ident/validate',
    GET: { what: 'Tells per interface whether a deploy could begin.', handle: validateNode },
  },
  {
    path: '/v1/nodes/:ident/children',
    GET: { what: 'Lists the nodes that are built into a node.', handle: showChildren, since: 83 },
  },
  {
    path: '/v1/nodes/:ident/timeline',
    GET: { what: 'Events of a node and its last operation (our own).', handle: showTimeline },
  },
  {
    path: '/v1/nodes/:ident/timeline/phases',
    GET: { what: 'The last boot in phases, with their usual times (our own).', handle: showPhases },
  },
  {
    path: '/v1/nodes/:ident/why',
    GET: { what: 'Why the last boot failed or hangs (our own).', handle: explainNode },
  },
  {
    path: '/v1/nodes/:ident/recording',
    GET: { what: 'Packets and events of the last boot (our own).', handle: showRecording },
  },
  {
    path: '/v1/nodes/:ident/kernel_line',
    GET: { what: 'The kernel line of a node, by parts (our own).', handle: showKernelLine },
  },
  {
    path: '/v1/nodes/:ident/verify',
    POST: { what: 'Compares the disk of a node with its deploy (our own).', handle: verifyNode },
  },
];

const PORTS_OF_NODE: readonly Resource[] = [
  {
    path: '/v1/nodes/:ident/ports',
    GET: { what: 'Lists ports of a node.', handle: (c) => listPortsOfNode(c) },
  },
  {
    path: '/v1/nodes/:ident/ports/detail',
    GET: { what: 'The same with all fields.', handle: (c) => listPortsOfNode(c, true) },
  },
  {
    path: '/v1/nodes/:ident/portgroups',
    GET: { what: 'Lists portgroups of a node.', handle: (c) => listPortgroupsOfNode(c), since: 24 },
  },
  {
    path: '/v1/nodes/:ident/portgroups/detail',
    GET: {
      what: 'The same with all fields.',
      handle: (c) => listPortgroupsOfNode(c, true),
      since: 24,
    },
  },
  {
    path: '/v1/nodes/:ident/vifs',
    GET: { what: 'Lists attached VIFs.', handle: listVifs, since: 28 },
    POST: {
      what: 'Attaches a VIF; without effect with the network interface noop.',
      handle: attachVif,
      since: 28,
    },
  },
  {
    path: '/v1/nodes/:ident/vifs/:vif',
    DELETE: {
      what: 'Detaches a VIF; without effect with the network interface noop.',
      handle: detachVif,
      since: 28,
    },
  },
];

const PARTS_OF_NODE: readonly Resource[] = [
  {
    path: '/v1/nodes/:ident/traits',
    GET: { what: 'Lists traits of a node.', handle: showTraits, since: 37, tooOld: 406 },
    PUT: { what: 'Sets the traits of a node.', handle: replaceTraits, since: 37, tooOld: 405 },
    DELETE: {
      what: 'Removes all traits of a node.',
      handle: clearTraits,
      since: 37,
      tooOld: 405,
    },
  },
  {
    path: '/v1/nodes/:ident/traits/:trait',
    PUT: { what: 'Adds a trait.', handle: addTrait, since: 37, tooOld: 405 },
    DELETE: { what: 'Removes a trait.', handle: removeTrait, since: 37, tooOld: 405 },
  },
  {
    path: '/v1/nodes/:ident/bios',
    GET: { what: 'Lists BIOS settings: none.', handle: listBios, since: 40 },
  },
  {
    path: '/v1/nodes/:ident/bios/:setting',
    GET: { what: 'Shows a BIOS setting: there is none.', handle: showBios, since: 40 },
  },
  {
    path: '/v1/nodes/:ident/volume',
    GET: { what: "Links to a node's volumes.", handle: showVolumes, since: 32 },
  },
  {
    path: '/v1/nodes/:ident/volume/connectors',
    GET: { what: 'Lists volume connectors of a node.', handle: listConnectorsOfNode, since: 32 },
  },
  {
    path: '/v1/nodes/:ident/volume/targets',
    GET: { what: 'Lists volume targets of a node.', handle: listTargetsOfNode, since: 32 },
  },
  {
    path: '/v1/nodes/:ident/history',
    GET: { what: 'Lists failures of a node.', handle: listNodeHistory, since: 78 },
  },
  {
    path: '/v1/nodes/:ident/history/:event',
    GET: { what: 'Shows a failure.', handle: showNodeHistory, since: 78 },
  },
  {
    path: '/v1/nodes/:ident/inventory',
    GET: { what: 'What an inspection found.', handle: showInventory, since: 81 },
  },
  {
    path: '/v1/nodes/:ident/firmware',
    GET: { what: "Lists versions of a machine's firmware.", handle: listFirmware, since: 86 },
  },
  {
    path: '/v1/nodes/:ident/vmedia',
    POST: { what: 'Puts an image into a virtual drive.', handle: attachMedia, since: 89 },
    DELETE: { what: 'Empties virtual drives.', handle: detachMedia, since: 89 },
  },
  {
    path: '/v1/nodes/:ident/management/indicators',
    GET: { what: 'Lists lamps of a machine.', handle: listIndicators, since: 63 },
  },
  {
    path: '/v1/nodes/:ident/management/indicators/:indicator',
    GET: { what: 'Shows whether a lamp is lit.', handle: showIndicator, since: 63 },
    PUT: { what: 'Refused: no driver has it.', handle: changeIndicator, since: 63 },
  },
  {
    path: '/v1/nodes/:ident/management/inject_nmi',
    PUT: { what: 'Refused: no driver has it.', handle: refuse('inject_nmi'), since: 29 },
  },
];

const CALL = { what: 'Calls a vendor method.', handle: callVendorMethod };
const VENDOR: readonly Resource[] = [
  {
    path: '/v1/nodes/:ident/vendor_passthru/methods',
    GET: { what: 'Lists vendor methods.', handle: listVendorMethods },
  },
  ...['/v1/nodes/:ident/vendor_passthru', '/v1/nodes/:ident/vendor_passthru/:method'].map(
    (path) => ({ path, GET: CALL, POST: CALL, PUT: CALL, PATCH: CALL, DELETE: CALL }),
  ),
];

/** Everything below `/v1/nodes` but states. */
export const NODE_RESOURCES: readonly Resource[] = [
  ...NODES,
  ...PORTS_OF_NODE,
  ...PARTS_OF_NODE,
  ...VENDOR,
];
