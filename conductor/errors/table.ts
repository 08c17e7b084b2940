import { API_ERRORS } from './api.ts';
import { CONFIG_ERRORS } from './config.ts';
import { DEPLOY_ERRORS } from './deploy.ts';
import { DRIVER_ERRORS } from './drivers.ts';
import { IMAGE_ERRORS } from './images.ts';
import { ISCSI_ERRORS } from './iscsi.ts';
import { NETBOOT_ERRORS } from './netboot.ts';
import { OPENSTACK_ERRORS } from './openstack.ts';
import { PLAN_ERRORS } from './plan.ts';
import { PROCESS_ERRORS } from './process.ts';

/** Every failure a user can meet, by code. Each room keeps its rows in a file of its own. */
export const ERRORS = {
  ...API_ERRORS,
  ...CONFIG_ERRORS,
  ...DEPLOY_ERRORS,
  ...DRIVER_ERRORS,
  ...IMAGE_ERRORS,
  ...ISCSI_ERRORS,
  ...NETBOOT_ERRORS,
  ...OPENSTACK_ERRORS,
  ...PLAN_ERRORS,
  ...PROCESS_ERRORS,
} as const;

/** A code of the error table. */
export type ErrorCode = keyof typeof ERRORS;
