/** What the kernel line of an agent ramdisk (IPA) is made of. */
export type AgentOptions = {
  /** Where the agent looks its node up. */
  readonly apiUrl: string;
  /** Where it sends what it found; only for an inspection. */
  readonly inspectionUrl: string | undefined;
  readonly appendParams: string;
};

/**
 * Kernel parameters of an agent ramdisk. No token is among them: whoever reaches the TFTP server
 * could read it, so the agent gets one at its first look-up.
 */
export function agentKernelOptions(options: AgentOptions): string {
  return [
    'selinux=0',
    'troubleshoot=0',
    'text',
    options.appendParams,
    `ipa-api-url=${options.apiUrl}`,
    ...(options.inspectionUrl === undefined
      ? []
      : [`ipa-inspection-callback-url=${options.inspectionUrl}`]),
  ]
    .filter((part) => part !== '')
    .join(' ');
}
