import { IronpxeError } from '../errors/error.ts';
import { createPxeSshDriver, type PxeSshOptions } from './ssh/driver.ts';
import type { Driver } from './types.ts';

/** The drivers of a conductor, by name. */
export type DriverRegistry = ReadonlyMap<string, Driver>;

/** Every driver that is built in. */
export function createDrivers(options: { readonly ssh?: PxeSshOptions } = {}): DriverRegistry {
  const drivers = [createPxeSshDriver(options.ssh)];
  return new Map(drivers.map((driver) => [driver.name, driver]));
}

/** The driver of that name. @throws IronpxeError DRIVER_UNKNOWN */
export function driverByName(drivers: DriverRegistry, name: string): Driver {
  const driver = drivers.get(name);
  if (driver) return driver;
  const known = [...drivers.keys()].join(', ');
  throw new IronpxeError('DRIVER_UNKNOWN', `There is no driver "${name}"; known are ${known}.`);
}
