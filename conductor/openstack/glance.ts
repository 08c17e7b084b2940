import { readFileSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import type { ErrorCode } from '../errors/table.ts';
import { IronpxeError } from '../errors/error.ts';
import type { Cloud } from '../../image-tools/glance/cloud.ts';
import { type FailureKind, OpenStackFailure } from '../../image-tools/glance/failure.ts';
import { ImagesApi } from '../../image-tools/glance/imagesApi.ts';
import { Keystone } from '../../image-tools/glance/keystone.ts';
import { describeImage, type ImageDescription } from './imageDescription.ts';

/** Where the content of an image is, and what a request for it must carry. */
export type ContentRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Certificates (PEM) to trust in place of the system's. */
  readonly caCertificate: string | undefined;
};

/** Glance as deploys use it: images are only read. All throw IronpxeError. */
export interface Glance {
  /** @throws IMAGE_NOT_FOUND, GLANCE_IMAGE_UNUSABLE, OPENSTACK_* */
  describe(id: string, signal?: AbortSignal): Promise<ImageDescription>;
  /** @throws OPENSTACK_* */
  contentRequest(id: string, signal?: AbortSignal): Promise<ContentRequest>;
}

/** A request to Keystone or Glance without any answer for so long is given up. */
const STALL_TIMEOUT_MS = 20_000;

/**
 * Glance with the credentials of the configuration; `undefined` when there is no Keystone in it.
 * Nothing is asked before the first image is.
 * @throws IronpxeError OPENSTACK_NOT_CONFIGURED when the CA file cannot be read
 */
export function createGlance(config: Pick<Config, 'keystone' | 'glance'>): Glance | undefined {
  const cloud = cloudOf(config);
  if (cloud === undefined) return undefined;
  const api = new ImagesApi(new Keystone(cloud));
  return {
    describe: (id, signal) => translated(async () => describeImage(await api.show(id, signal))),
    contentRequest: (id, signal) =>
      translated(async () => {
        const { imageUrl, token } = await api.session(signal);
        const { caCertificate } = cloud;
        return {
          url: `${imageUrl}/images/${id}/file`,
          headers: { 'x-auth-token': token },
          caCertificate,
        };
      }),
  };
}

/** The cloud of the configuration, if there is one. @throws IronpxeError OPENSTACK_NOT_CONFIGURED */
export function cloudOf({
  keystone,
  glance,
}: Pick<Config, 'keystone' | 'glance'>): Cloud | undefined {
  const { auth_url: authUrl, application_credential_id: id } = keystone;
  if (authUrl === undefined) return undefined;
  const named = (name: string, domain: string) => ({ name, domain: { name: domain } });
  return {
    authUrl,
    credentials:
      id === undefined
        ? {
            kind: 'password',
            user: named(keystone.username ?? '', keystone.user_domain_name),
            password: keystone.password ?? '',
            project: named(keystone.project_name, keystone.project_domain_name),
          }
        : {
            kind: 'application-credential',
            id,
            name: undefined,
            user: undefined,
            secret: keystone.application_credential_secret ?? '',
          },
    region: keystone.region_name,
    interface: keystone.interface,
    imageUrl: glance.url,
    caCertificate: keystone.ca_file === undefined ? undefined : readCertificates(keystone.ca_file),
    stallTimeoutMs: STALL_TIMEOUT_MS,
  };
}

function readCertificates(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const message = `keystone.ca_file: ${path} cannot be read.`;
    throw new IronpxeError('OPENSTACK_NOT_CONFIGURED', message, { cause: error });
  }
}

/** Kind of failure → code of the error table. */
const CODES = {
  unconfigured: 'OPENSTACK_NOT_CONFIGURED',
  unreachable: 'OPENSTACK_UNREACHABLE',
  refused: 'OPENSTACK_REFUSED',
  missing: 'IMAGE_NOT_FOUND',
  quota: 'OPENSTACK_FAILED',
  rejected: 'OPENSTACK_FAILED',
  broken: 'OPENSTACK_FAILED',
  mismatch: 'OPENSTACK_FAILED',
} as const satisfies Record<FailureKind, ErrorCode>;

/** Turns an OpenStackFailure into an IronpxeError. */
export async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OpenStackFailure)) throw error;
    throw new IronpxeError(CODES[error.kind], error.message, { cause: error });
  }
}
