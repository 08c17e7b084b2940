import type { Step } from './types.ts';

/** Where the reason stands in the operation's data. */
export const REFUSAL_KEY = 'refusal';

/**
 * Ends an operation whose steps could not be planned. Ironic asks the running ramdisk for its steps,
 * so a wrong one is a failed cleaning there and not a refused request.
 */
export const REFUSE: Step = {
  name: 'refuse',
  title: 'Looking for the steps',
  async run(context) {
    throw new Error(String((await context.recall())[REFUSAL_KEY]));
  },
};
