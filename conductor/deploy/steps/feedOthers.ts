import { feedOthers } from '../relay/relay.ts';
import type { Step } from './types.ts';

/** Before the boot loader is installed, which changes the disk. */
export const FEED_OTHERS: Step = {
  name: 'feed_others',
  title: 'Handing the image on to other machines',
  run: feedOthers,
};
