import { IronpxeError } from '../errors/error.ts';
import { createFakeDriver, type FakeOptions } from './fake/driver.ts';
import { createIpmiDrivers, type IpmiOptions } from './ipmi/driver.ts';
import { createManualDriver, type ManualOptions } from './manual/driver.ts';
import { createRedfishDriver, type RedfishOptions } from './redfish/driver.ts';
import { createPxeSshDriver, type PxeSshOptions } from './ssh/driver.ts';
import type { Driver } from './types.ts';

/** The drivers of a conductor, by name. */
export type DriverRegistry = ReadonlyMap<string, Driver>;

/** Settings of the drivers; each has defaults, but the manual one needs its desk. */
export type DriverOptions = {
  readonly ssh?: PxeSshOptions;
  readonly fake?: FakeOptions;
  readonly ipmi?: IpmiOptions;
  readonly redfish?: RedfishOptions;
  readonly manual?: ManualOptions;
};

/** Every driver that is built in; `manual` where there is a desk for it. */
export function createDrivers(options: DriverOptions = {}): DriverRegistry {
  const drivers = [
    createPxeSshDriver(options.ssh),
    ...createIpmiDrivers(options.ipmi),
    createRedfishDriver(options.redfish),
    ...(options.manual ? [createManualDriver(options.manual)] : []),
    createFakeDriver(options.fake),
  ];
  return new Map(drivers.map((driver) => [driver.name, driver]));
}

/** The driver of that name. @throws IronpxeError DRIVER_UNKNOWN */
export function driverByName(drivers: DriverRegistry, name: string): Driver {
  const driver = drivers.get(name);
  if (driver) return driver;
  const known = [...drivers.keys()].join(', ');
  throw new IronpxeError('DRIVER_UNKNOWN', `There is no driver "${name}"; known are ${known}.`);
}

/** Ends what drivers keep open; what cannot be ended is left to time out. */
export async function closeDrivers(drivers: DriverRegistry): Promise<void> {
  await Promise.allSettled([...drivers.values()].map(async (driver) => driver.close?.()));
}
