import type { Resource } from '../resource.ts';
import { changeConsole, showConsole } from './console.ts';
import { changeBootMode, changeSecureBoot } from './bootMode.ts';
import { endMaintenance, setMaintenance } from './maintenance.ts';
import { changeBootDevice, listBootDevices, showBootDevice } from './management.ts';
import { changeRaid } from './raid.ts';
import { changePower, confirmPower, changeProvision, showStates } from './states.ts';

/** `states/provision` may carry a config drive in its body. */
const PROVISION_BODY_LIMIT_BYTES = 64 * 1024 * 1024;

/** States, maintenance and management of a node. */
export const STATE_RESOURCES: readonly Resource[] = [
  { path: '/v1/nodes/:ident/states', GET: { what: 'Shows the states.', handle: showStates } },
  {
    path: '/v1/nodes/:ident/states/power',
    PUT: { what: 'Switches the machine.', handle: changePower },
  },
  {
    path: '/v1/nodes/:ident/states/power/confirmation',
    PUT: {
      what: 'Tells that a person switched the machine, or cannot (our own).',
      handle: confirmPower,
    },
  },
  {
    path: '/v1/nodes/:ident/states/provision',
    PUT: {
      what: 'Begins a verb.',
      handle: changeProvision,
      bodyLimitBytes: PROVISION_BODY_LIMIT_BYTES,
    },
  },
  {
    path: '/v1/nodes/:ident/states/console',
    GET: { what: 'Tells how to reach the console.', handle: showConsole },
    PUT: { what: 'Opens or closes the console.', handle: changeConsole },
  },
  {
    path: '/v1/nodes/states/console/:ident',
    GET: { what: 'The same; one client asks so.', handle: showConsole },
  },
  {
    path: '/v1/nodes/:ident/states/raid',
    PUT: { what: 'Sets the wanted RAID.', handle: changeRaid, since: 12, tooOld: 406 },
  },
  {
    path: '/v1/nodes/:ident/states/boot_mode',
    PUT: { what: 'Sets the boot mode of the firmware.', handle: changeBootMode, since: 76 },
  },
  {
    path: '/v1/nodes/:ident/states/secure_boot',
    PUT: { what: 'Switches secure boot.', handle: changeSecureBoot, since: 76 },
  },
  {
    path: '/v1/nodes/:ident/maintenance',
    PUT: { what: 'Puts a node into maintenance.', handle: setMaintenance },
    DELETE: { what: 'Takes a node out of maintenance.', handle: endMaintenance },
  },
  {
    path: '/v1/nodes/:ident/management/boot_device',
    GET: { what: 'Shows the boot device.', handle: showBootDevice },
    PUT: { what: 'Sets the boot device.', handle: changeBootDevice },
  },
  {
    path: '/v1/nodes/:ident/management/boot_device/supported',
    GET: { what: 'Lists the boot devices that can be set.', handle: listBootDevices },
  },
];
