import { IronpxeError } from '../errors/error.ts';
import type { JsonObject } from '../store/types.ts';
import { readDetail } from './fields.ts';
import { links, wireTime } from './links.ts';
import { collection, readPage, refuseUnknown } from './paging.ts';
import type { Answer, Call, Resource } from './resource.ts';
import type { AboutProcess } from './root.ts';

const SINCE_MINOR = 49;
const BRIEF = ['hostname', 'conductor_group', 'links', 'alive'];

/** Everything below `/v1/conductors`: there is one, this process. */
export function conductorResources(about: AboutProcess): Resource[] {
  return [
    {
      path: '/v1/conductors',
      GET: { what: 'Lists conductors.', handle: (c) => list(c, about), since: SINCE_MINOR },
    },
    {
      path: '/v1/conductors/:hostname',
      GET: { what: 'Shows a conductor.', handle: (c) => show(c, about), since: SINCE_MINOR },
    },
  ];
}

function list(call: Call, about: AboutProcess): Answer {
  refuseUnknown(call, []);
  const { limit, marker } = readPage(call, { hostname: 'hostname' });
  const detail = readDetail(call);
  if (detail && call.query.fields !== undefined)
    throw new IronpxeError('INVALID_REQUEST', "Can't fetch a subset of fields with detail set.");
  const names = detail ? undefined : (call.query.fields?.split(',') ?? BRIEF);
  const items = marker === undefined ? [rendered(call, about, names)] : [];
  const all = { name: 'conductors', path: 'conductors', items };
  return { status: 200, body: collection(call, all, { limit, lastUuid: call.conductor.name }) };
}

function show(call: Call, about: AboutProcess): Answer {
  const { hostname } = call.params;
  if (hostname !== call.conductor.name)
    throw new IronpxeError('RECORD_NOT_FOUND', `Conductor ${hostname} could not be found.`);
  return { status: 200, body: rendered(call, about, call.query.fields?.split(',')) };
}

function rendered(call: Call, about: AboutProcess, names?: readonly string[]): JsonObject {
  const { name } = call.conductor;
  const whole: JsonObject = {
    created_at: wireTime(about.startedAt.toISOString()),
    updated_at: wireTime(new Date().toISOString()),
    hostname: name,
    conductor_group: '',
    drivers: [...call.conductor.drivers.keys()],
    links: links(call.baseUrl, `conductors/${name}`),
    alive: true,
  };
  const unknown = names?.find((field) => !Object.hasOwn(whole, field));
  if (unknown !== undefined)
    throw new IronpxeError('INVALID_REQUEST', `Field(s) "${unknown}" are not valid.`);
  const kept = Object.entries(whole).filter(
    ([key]) => names === undefined || names.includes(key) || key === 'links',
  );
  return Object.fromEntries(kept);
}
