import type { ErrorRows } from './row.ts';

/** Failures of child processes. */
export const PROCESS_ERRORS = {
  COMMAND_NOT_FOUND: {
    status: 500,
    retry: false,
    cause: 'A program that ironpxe needs is not installed on this host.',
    next: 'Install the distribution package that the message names.',
  },
  COMMAND_FAILED: {
    status: 500,
    retry: true,
    cause: 'A program that ironpxe started ended with an error.',
    next: 'Read the output in the message; run the command by hand to see more.',
  },
  COMMAND_TIMED_OUT: {
    status: 500,
    retry: true,
    cause: 'A program that ironpxe started did not end in time and was stopped.',
    next: 'Check the load of the host and the device or machine that the command talks to.',
  },
} as const satisfies ErrorRows;
