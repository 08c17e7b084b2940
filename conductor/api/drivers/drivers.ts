import type { Driver } from '../../drivers/types.ts';
import { IronpxeError } from '../../errors/error.ts';
import type { JsonObject } from '../../store/types.ts';
import { refuseNewer } from '../fields.ts';
import { since } from '../gates.ts';
import { links } from '../links.ts';
import { INTERFACE_KINDS, interfacesOf as namesOf } from '../nodes/interfaces.ts';
import { unsupported } from '../nodes/management.ts';
import { refuseUnknown } from '../paging.ts';
import type { Answer, Call } from '../resource.ts';
import { bool, parse } from '../schemas.ts';

/** `GET /v1/drivers`, also `?type=` and `?detail=` (1.30), `?fields=` (1.77). */
export function listDrivers(call: Call): Answer {
  refuseUnknown(call, ['type']);
  const { type, detail } = call.query;
  if (type !== undefined || detail !== undefined) refuseNewer('driverFields', 'type', call.minor);
  if (type !== undefined && type !== 'classic' && type !== 'dynamic')
    throw new IronpxeError('INVALID_REQUEST', `type: found ${type}, expected classic or dynamic.`);
  const whole = detail !== undefined && parse(bool, detail, 'detail');
  if (whole && call.query.fields !== undefined)
    throw new IronpxeError('INVALID_REQUEST', "Can't fetch a subset of fields with detail set.");
  const drivers = [...call.conductor.drivers.values()]
    // Every driver is a hardware type.
    .filter(() => type !== 'classic')
    .map((driver) => chosenFields(call, renderDriver(driver, call, whole)));
  return { status: 200, body: { drivers } };
}

/** `GET /v1/drivers/{name}` */
export function showDriver(call: Call): Answer {
  const driver = driverOf(call, call.params.name ?? '');
  return { status: 200, body: chosenFields(call, renderDriver(driver, call, true)) };
}

/** @throws IronpxeError NOT_ACCEPTABLE, INVALID_REQUEST for a field that drivers have not */
function chosenFields(call: Call, driver: JsonObject): JsonObject {
  if (call.query.fields === undefined) return driver;
  refuseNewer('driverParameters', 'fields', call.minor);
  const names = call.query.fields.toLowerCase().split(',');
  const unknown = names.filter((name) => !Object.hasOwn(driver, name));
  if (unknown.length > 0)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `Field(s) "${unknown.join(', ')}" are not valid; known are ${Object.keys(driver).join(', ')}.`,
    );
  return Object.fromEntries(
    Object.entries(driver).filter(([name]) => names.includes(name) || name === 'links'),
  );
}

/** `GET /v1/drivers/{name}/raid/logical_disk_properties` */
export function showRaidProperties(call: Call): Answer {
  const driver = driverOf(call, call.params.name ?? '');
  if (driver.raidProperties === undefined)
    throw new IronpxeError(
      'RAID_UNSUPPORTED',
      unsupported({ driver: driver.name }, 'get_raid_logical_disk_properties').message,
    );
  return { status: 200, body: driver.raidProperties };
}

/** `GET /v1/drivers/{name}/properties` and `GET /v1/drivers/properties?driver_name=` */
export function showDriverProperties(call: Call): Answer {
  const name = call.params.name ?? call.query.driver_name;
  if (name === undefined)
    throw new IronpxeError('INVALID_REQUEST', 'Missing mandatory parameter: driver_name.');
  return { status: 200, body: driverOf(call, name).properties };
}

/** `GET /v1/drivers/{name}/vendor_passthru/methods`: drivers have none of their own. */
export function listDriverMethods(call: Call): Answer {
  driverOf(call, call.params.name ?? '');
  return { status: 200, body: {} };
}

/** Any `vendor_passthru/{method}` of a driver. */
export function callDriverMethod(call: Call): Answer {
  driverOf(call, call.params.name ?? '');
  const method = call.params.method ?? call.query.method ?? '';
  throw new IronpxeError('UNSUPPORTED_EXTENSION', `No handler for method ${method}`);
}

function driverOf(call: Call, name: string): Driver {
  const driver = call.conductor.drivers.get(name);
  if (driver === undefined)
    throw new IronpxeError('DRIVER_NOT_FOUND', `Could not find the following driver(s): ${name}.`);
  return driver;
}

function renderDriver(driver: Driver, call: Call, whole: boolean): JsonObject {
  return {
    name: driver.name,
    hosts: [call.conductor.name],
    links: links(call.baseUrl, `drivers/${driver.name}`),
    ...(call.minor >= since('driverFields', 'properties') && {
      properties: links(call.baseUrl, `drivers/${driver.name}/properties`),
    }),
    ...(call.minor >= since('driverFields', 'type') && { type: 'dynamic' }),
    ...(whole && call.minor >= since('driverFields', 'type') && interfacesOf(driver, call)),
  };
}

/** A driver has one interface of each kind that the version knows. */
function interfacesOf(driver: Driver, call: Call): JsonObject {
  const kinds = INTERFACE_KINDS.filter(
    (kind) => since('nodeFields', `${kind}_interface`) <= Math.max(call.minor, DETAIL_KINDS),
  );
  return Object.fromEntries(
    kinds.flatMap((kind) => {
      const names = namesOf(driver, kind);
      return [
        [`default_${kind}_interface`, names[0]],
        [`enabled_${kind}_interfaces`, names],
      ];
    }),
  );
}

/** At 1.30 drivers show the kinds that nodes show from 1.31 on. */
const DETAIL_KINDS = 31;
