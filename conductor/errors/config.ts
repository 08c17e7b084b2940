import type { ErrorRows } from './row.ts';

/** Failures of the configuration and of starting with it. */
export const CONFIG_ERRORS = {
  CONFIG_NOT_READABLE: {
    status: 500,
    retry: false,
    cause: 'The configuration file is missing or may not be read.',
    next: 'Start from docs/ironpxe.example.yaml and name the file with --config.',
  },
  CONFIG_INVALID: {
    status: 500,
    retry: false,
    cause: 'The configuration file has faults.',
    next: 'Correct every line that is named; docs/ironpxe.example.yaml explains each option.',
  },
  STATE_DIR_IN_USE: {
    status: 500,
    retry: false,
    cause: 'Another conductor runs on the same state directory.',
    next: 'Stop the other conductor, or give this one a state_dir of its own.',
  },
  LISTEN_FAILED: {
    status: 500,
    retry: false,
    cause: 'The address is in use, is not on this host, or needs privileges.',
    next: 'Free it ("ss -lntup" shows who has it), or configure another.',
  },
} as const satisfies ErrorRows;
