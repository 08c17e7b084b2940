import type { Driver } from '../../drivers/types.ts';
import { IronpxeError } from '../../errors/error.ts';
import type { JsonObject } from '../../store/types.ts';
import { refuseNewer } from '../fields.ts';
import { since } from '../gates.ts';
import { links } from '../links.ts';
import { INTERFACE_KINDS, interfaceOf } from '../nodes/interfaces.ts';
import { unsupported } from '../nodes/management.ts';
import { refuseUnknown } from '../paging.ts';
import type { Answer, Call } from '../resource.ts';
import { bool, parse } from '../schemas.ts';

/** `GET /v1/drivers`, also `?type=` and `?detail=` (1.30). Every driver is a hardware type. */
export function listDrivers(call: Call): Answer {
  refuseUnknown(call, ['type']);
  const { type, detail } = call.query;
  if (type !== undefined || detail !== undefined) refuseNewer('driverFields', 'type', call.minor);
  if (type !== undefined && type !== 'classic' && type !== 'dynamic')
    throw new IronpxeError('INVALID_REQUEST', `type: found ${type}, expected classic or dynamic.`);
  const whole = detail !== undefined && parse(bool, detail, 'detail');
  const drivers = [...call.conductor.drivers.values()]
    .filter(() => type !== 'classic')
    .map((driver) => renderDriver(driver, call, whole));
  return { status: 200, body: { drivers } };
}

/** `GET /v1/drivers/{name}` */
export function showDriver(call: Call): Answer {
  return { status: 200, body: renderDriver(driverOf(call, call.params.name ?? ''), call, true) };
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

/** An endpoint whose interface no driver here has. */
export function refuseForDriver(extension: string): (call: Call) => Answer {
  return (call) => {
    throw unsupported({ driver: driverOf(call, call.params.name ?? '').name }, extension);
  };
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
      const name = interfaceOf(driver.name, kind);
      return [
        [`default_${kind}_interface`, name],
        [`enabled_${kind}_interfaces`, [name]],
      ];
    }),
  );
}

/** At 1.30 drivers show the kinds that nodes show from 1.31 on. */
const DETAIL_KINDS = 31;
