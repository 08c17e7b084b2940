import { AGENT_ERRORS } from './agent.ts';
import { API_ERRORS } from './api.ts';
import { AUTH_ERRORS } from './auth.ts';
import { CONFIG_ERRORS } from './config.ts';
import { DEPLOY_ERRORS } from './deploy.ts';
import { DRIVER_ERRORS } from './drivers.ts';
import { IMAGE_ERRORS } from './images.ts';
import { ISCSI_ERRORS } from './iscsi.ts';
import { NETBOOT_ERRORS } from './netboot.ts';
import { NETWORKING_ERRORS } from './networking.ts';
import { OPENSTACK_ERRORS } from './openstack.ts';
import { PLAN_ERRORS } from './plan.ts';
import { PROCESS_ERRORS } from './process.ts';
import { RAMDISK_ERRORS } from './ramdisk.ts';

/** Every failure a user can meet, by code. Each room keeps its rows in a file of its own. */
export const ERRORS = {
  ...AGENT_ERRORS,
  ...API_ERRORS,
  ...AUTH_ERRORS,
  ...CONFIG_ERRORS,
  ...DEPLOY_ERRORS,
  ...DRIVER_ERRORS,
  ...IMAGE_ERRORS,
  ...ISCSI_ERRORS,
  ...NETBOOT_ERRORS,
  ...NETWORKING_ERRORS,
  ...OPENSTACK_ERRORS,
  ...PLAN_ERRORS,
  ...PROCESS_ERRORS,
  ...RAMDISK_ERRORS,
} as const;

/** A code of the error table. */
export type ErrorCode = keyof typeof ERRORS;
