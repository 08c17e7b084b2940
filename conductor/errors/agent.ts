import type { ErrorRows } from './row.ts';

/** Failures of agents (IPA) and of what they are told. */
export const AGENT_ERRORS = {
  AGENT_URL_INVALID: {
    status: 400,
    retry: false,
    cause: 'An agent reported under an address that cannot be called.',
    next: "Look at the agent's ipa-advertise-host and ipa-advertise-port.",
  },
  AGENT_TLS_REQUIRED: {
    status: 400,
    retry: false,
    cause:
      'An agent without TLS reported: what it is told could be read and forged on the network.',
    next: 'Use an agent of release 7 or later without ipa-enable-auto-tls=0, or set agent.require_tls to false.',
  },
  AGENT_TLS: {
    status: 502,
    retry: false,
    cause: 'The agent proved to be another one than that which reported, or speaks no usable TLS.',
    next: 'Check driver_info/agent_verify_ca; reboot the machine, so that its agent reports anew.',
  },
  AGENT_UNREACHABLE: {
    status: 502,
    retry: true,
    cause:
      'The machine went away in the middle of the work, or the network between does not let us through.',
    next: "Look at the machine's console; the conductor must reach the agent's port, 9999 by default.",
  },
  AGENT_BUSY: {
    status: 502,
    retry: true,
    cause: 'The agent works on something else that does not come to an end.',
    next: 'Reboot the machine and ask for the verb again.',
  },
  AGENT_FORGOT_US: {
    status: 502,
    retry: true,
    cause:
      'The agent was started anew in the middle of the work: it knows neither token nor command.',
    next: "Look at the machine's console for why it restarted, and ask for the verb again.",
  },
  AGENT_REFUSED: {
    status: 502,
    retry: false,
    cause: 'The agent does not take what it was told.',
    next: "Read its answer in the message; the agent's log on the machine says more.",
  },
  AGENT_COMMAND_FAILED: {
    status: 502,
    retry: false,
    cause: 'The agent tried, and failed.',
    next: "Read its reason in the message; the agent's log on the machine says more.",
  },
  AGENT_TIMEOUT: {
    status: 504,
    retry: true,
    cause: "A piece of the agent's work took longer than agent.work_timeout_seconds.",
    next: "Look at the machine's console; raise the limit where the work needs it.",
  },
} as const satisfies ErrorRows;
