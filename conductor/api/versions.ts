import { IronpxeError } from '../errors/error.ts';
import { MAX_MINOR, MIN_MINOR } from './gates.ts';

/** The headers by which clients ask for a microversion. */
export type VersionHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The range that this server speaks, as header values. */
export const MIN_VERSION = `1.${MIN_MINOR}`;
export const MAX_VERSION = `1.${MAX_MINOR}`;

/**
 * The minor version to answer with: from `X-OpenStack-Ironic-API-Version`, else from
 * `OpenStack-API-Version: baremetal 1.N`, else the lowest. @throws IronpxeError NOT_ACCEPTABLE
 */
export function negotiate(headers: VersionHeaders): number {
  const asked = askedVersion(headers)?.trim().toLowerCase();
  if (asked === undefined) return MIN_MINOR;
  if (asked === 'latest') return MAX_MINOR;
  const parts = /^(\d+)\.(\d+)$/.exec(asked);
  if (parts === null)
    throw new IronpxeError(
      'NOT_ACCEPTABLE',
      `Invalid value for X-OpenStack-Ironic-API-Version header: found ${asked}, expected two integers such as ${MAX_VERSION}, or latest.`,
    );
  const minor = Number(parts[2]);
  if (Number(parts[1]) === 1 && minor >= MIN_MINOR && minor <= MAX_MINOR) return minor;
  throw new IronpxeError(
    'NOT_ACCEPTABLE',
    `Version ${asked} was requested but is not supported by this service. The supported version range is: [${MIN_VERSION}, ${MAX_VERSION}].`,
  );
}

function askedVersion(headers: VersionHeaders): string | undefined {
  const own = headers['x-openstack-ironic-api-version'];
  if (own !== undefined) return String(own);
  const shared = String(headers['openstack-api-version'] ?? '');
  const match = shared
    .split(',')
    .map((item) => /^\s*baremetal\s+(\S+)\s*$/i.exec(item)?.[1])
    .find((version) => version !== undefined);
  return match;
}

/** The three headers of every answer below /v1. */
export function versionHeaders(minor: number): Record<string, string> {
  return {
    'X-OpenStack-Ironic-API-Minimum-Version': MIN_VERSION,
    'X-OpenStack-Ironic-API-Maximum-Version': MAX_VERSION,
    'X-OpenStack-Ironic-API-Version': `1.${minor}`,
  };
}
