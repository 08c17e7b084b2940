import type { Command } from './command.ts';
import { nodeDelete } from './node/remove.ts';
import { nodeDeploy } from './node/deploy.ts';
import { nodeEnroll } from './node/enroll.ts';
import { nodeEvents } from './node/events.ts';
import { nodeList } from './node/list.ts';
import { nodePower } from './node/power.ts';
import { nodeShow } from './node/show.ts';
import { nodeUndeploy } from './node/undeploy.ts';
import { portList } from './portList.ts';

/** Every command that speaks with the API, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  nodeEnroll,
  nodeList,
  nodeShow,
  nodeDeploy,
  nodeUndeploy,
  nodePower,
  nodeEvents,
  nodeDelete,
  portList,
];
