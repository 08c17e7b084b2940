import type { Verb } from '../states/index.ts';
import { CHECK_POWER } from './steps/checkPower.ts';
import { CONFIRM_BOOT } from './steps/confirmBoot.ts';
import { PLAN_DISK } from './steps/planDisk.ts';
import { PREPARE_BOOT } from './steps/prepareBoot.ts';
import { PREPARE_IMAGE } from './steps/prepareImage.ts';
import { RELEASE_RAMDISK } from './steps/releaseRamdisk.ts';
import { START_RAMDISK } from './steps/startRamdisk.ts';
import { SWITCH_BOOT } from './steps/switchBoot.ts';
import {
  abandonDeploy,
  FORGET_INSTANCE,
  FORGET_PLAN,
  POWER_OFF,
  STOP_NETBOOT,
} from './steps/tearDown.ts';
import type { Procedure } from './steps/types.ts';
import { WAIT_CALL_BACK } from './steps/waitCallBack.ts';
import { WRITE_DISK } from './steps/writeDisk.ts';

const DEPLOY: Procedure = {
  steps: [
    PREPARE_IMAGE,
    PREPARE_BOOT,
    START_RAMDISK,
    WAIT_CALL_BACK,
    PLAN_DISK,
    WRITE_DISK,
    SWITCH_BOOT,
    RELEASE_RAMDISK,
    CONFIRM_BOOT,
    FORGET_PLAN,
  ],
  doneEvents: ['done'],
  cleanUp: abandonDeploy,
};

const MANAGE: Procedure = { steps: [CHECK_POWER], doneEvents: ['done'] };

/** Automated cleaning has no steps: the next deploy zeroes what it does not write. */
const PROVIDE: Procedure = { steps: [CHECK_POWER], doneEvents: ['done'] };

const DELETE: Procedure = {
  steps: [STOP_NETBOOT, POWER_OFF, FORGET_INSTANCE],
  doneEvents: ['clean', 'done'],
};

/** How each verb is carried out. A verb without a row here is not supported by any driver yet. */
export const PROCEDURES: Readonly<Partial<Record<Verb, Procedure>>> = {
  manage: MANAGE,
  provide: PROVIDE,
  deploy: DEPLOY,
  rebuild: DEPLOY,
  delete: DELETE,
};
