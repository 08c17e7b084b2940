import type { Resource } from '../resource.ts';
import {
  callDriverMethod,
  listDriverMethods,
  listDrivers,
  showDriver,
  showDriverProperties,
  showRaidProperties,
} from './drivers.ts';

const CALL = { what: 'Calls a vendor method of a driver.', handle: callDriverMethod };

/** Everything below `/v1/drivers`. */
export const DRIVER_RESOURCES: readonly Resource[] = [
  { path: '/v1/drivers', GET: { what: 'Lists drivers.', handle: listDrivers } },
  {
    path: '/v1/drivers/properties',
    GET: { what: 'Explains driver_info, by ?driver_name=.', handle: showDriverProperties },
  },
  { path: '/v1/drivers/:name', GET: { what: 'Shows a driver.', handle: showDriver } },
  {
    path: '/v1/drivers/:name/properties',
    GET: { what: 'Explains the keys of driver_info.', handle: showDriverProperties },
  },
  {
    path: '/v1/drivers/:name/raid/logical_disk_properties',
    GET: {
      what: 'Explains the keys of a logical disk.',
      handle: showRaidProperties,
      since: 12,
      tooOld: 406,
    },
  },
  {
    path: '/v1/drivers/:name/vendor_passthru/methods',
    GET: { what: 'Lists vendor methods of a driver.', handle: listDriverMethods },
  },
  {
    path: '/v1/drivers/:name/vendor_passthru/:method',
    GET: CALL,
    POST: CALL,
    PUT: CALL,
    DELETE: CALL,
  },
];
