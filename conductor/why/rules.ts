import type { Rule } from './rule.ts';
import { DHCP_RULES } from './rulesDhcp.ts';
import { DISK_RULES } from './rulesDisk.ts';
import { POWER_RULES } from './rulesPower.ts';
import { RAMDISK_RULES } from './rulesRamdisk.ts';
import { TRANSFER_RULES } from './rulesTransfer.ts';

/**
 * All rules in the order in which they are tried: what the machine came to last goes first, as it
 * proves that everything before it worked.
 */
export const RULES: readonly Rule[] = [
  ...DISK_RULES,
  ...RAMDISK_RULES,
  ...TRANSFER_RULES,
  ...DHCP_RULES,
  ...POWER_RULES,
];
