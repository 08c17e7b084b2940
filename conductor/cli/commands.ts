import type { Command } from './command.ts';
import { doctor } from './doctor.ts';
import { dhcpOptions } from './dhcp/options.ts';
import { imageAdd } from './image/add.ts';
import { imageList, imageRemove, imageShow } from './image/others.ts';
import { nodeConsole } from './node/console.ts';
import { nodeDelete } from './node/remove.ts';
import { nodeDeploy } from './node/deploy.ts';
import { nodeEnroll } from './node/enroll.ts';
import { nodeEvents } from './node/events.ts';
import { nodeFirmware } from './node/firmware.ts';
import { nodeInventory } from './node/inventory.ts';
import { nodeList } from './node/list.ts';
import { nodeMedia } from './node/media.ts';
import { nodePower } from './node/power.ts';
import { nodeShow } from './node/show.ts';
import { nodeTimeline } from './node/timeline.ts';
import { nodeUndeploy } from './node/undeploy.ts';
import { nodeValidate } from './node/validate.ts';
import { NODE_VERBS } from './node/verbs.ts';
import { nodeVerify } from './node/verify.ts';
import { nodeWhy } from './node/why.ts';
import { registerServiceCommand } from './openstack/registerService.ts';
import { portList } from './portList.ts';
import { record } from './record.ts';
import { replay } from './replay.ts';

/** Every command that speaks with the API, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  nodeEnroll,
  nodeList,
  nodeShow,
  nodeInventory,
  nodeFirmware,
  nodeValidate,
  nodeDeploy,
  nodeUndeploy,
  nodeVerify,
  ...NODE_VERBS,
  nodePower,
  nodeMedia,
  nodeConsole,
  nodeEvents,
  nodeTimeline,
  nodeWhy,
  nodeDelete,
  portList,
  dhcpOptions,
  doctor,
  record,
  replay,
  imageAdd,
  imageList,
  imageShow,
  imageRemove,
  registerServiceCommand,
];
