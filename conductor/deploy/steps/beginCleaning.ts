import type { Step } from './types.ts';

/** The instance is down: from here on the machine is made ready for its next user. */
export const BEGIN_CLEANING: Step = {
  name: 'begin_cleaning',
  title: 'Going over to cleaning',
  async run(context) {
    const { provisionState } = await context.node();
    if (provisionState === 'deleting') await context.changeState('clean');
  },
};
