import { since } from './gates.ts';
import { links } from './links.ts';
import type { Answer, Call } from './resource.ts';
import { MAX_VERSION, MIN_VERSION } from './versions.ts';

/** What the process says about itself at `GET /`. */
export type AboutProcess = {
  readonly version: string;
  /** Of the configuration file as it was read at start. */
  readonly configDigest: string;
  readonly startedAt: Date;
};

function versionOne(baseUrl: string) {
  return {
    id: 'v1',
    links: [{ href: `${baseUrl}/v1/`, rel: 'self' }],
    status: 'CURRENT',
    min_version: MIN_VERSION,
    version: MAX_VERSION,
  };
}

/** `GET /` as agents ask for it, to learn which versions there are. */
export function showVersions(call: Call): Answer {
  const v1 = versionOne(call.baseUrl);
  const body = {
    name: 'OpenStack Ironic API',
    description: 'ironpxe provisions bare-metal machines and speaks the API of OpenStack Ironic.',
    default_version: v1,
    versions: [v1],
  };
  return { status: 200, body };
}

/** `GET /` */
export function showRoot(about: AboutProcess): (call: Call) => Answer {
  return (call) => {
    const body = {
      ...Object(showVersions(call).body),
      ironpxe: {
        version: about.version,
        config_digest: about.configDigest,
        started_at: about.startedAt.toISOString(),
        uptime_seconds: Math.floor((Date.now() - about.startedAt.getTime()) / 1000),
      },
    };
    return { status: 200, body };
  };
}

/** What `GET /v1` links to, as far as the version has it. */
const COLLECTIONS = [
  'chassis',
  'nodes',
  'ports',
  'drivers',
  'lookup',
  'heartbeat',
  'portgroups',
  'volume',
  'conductors',
  'allocations',
  'events',
  'deploy_templates',
  'shards',
] as const;

/** `GET /v1` */
export function showV1(call: Call): Answer {
  const collections = COLLECTIONS.filter((name) => since('collections', name) <= call.minor);
  const body = {
    id: 'v1',
    links: [
      { href: `${call.baseUrl}/v1/`, rel: 'self' },
      {
        href: 'https://docs.openstack.org/ironic/latest/contributor/webapi.html',
        rel: 'describedby',
        type: 'text/html',
      },
    ],
    media_types: {
      base: 'application/json',
      type: 'application/vnd.openstack.ironic.v1+json',
    },
    ...Object.fromEntries(collections.map((name) => [name, links(call.baseUrl, `${name}/`)])),
    version: versionOne(call.baseUrl),
  };
  return { status: 200, body };
}
