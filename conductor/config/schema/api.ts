import { z } from 'zod';
import { absolutePath, listenPort, httpUrl } from './values.ts';

/** The REST API for operators and Nova. */
export const api = z.strictObject({
  listen_address: z
    .string()
    .default('127.0.0.1')
    .describe('Address of the REST API; loopback, as long as auth.strategy is noauth.'),
  listen_port: listenPort.default(6385).describe('TCP port of the REST API.'),
  socket: absolutePath
    .optional()
    .describe(
      'Unix socket on which the REST API listens as well, for its owner without credentials.',
    ),
  tls_certificate: absolutePath
    .optional()
    .describe('Certificate with its chain (PEM): the REST API then speaks HTTPS.'),
  tls_key: absolutePath.optional().describe('Key of the certificate (PEM).'),
  allowed_hosts: z
    .array(z.string().toLowerCase())
    .default([])
    .describe(
      'Names besides localhost and addresses by which a REST API without auth may be asked.',
    ),
});

/** Who may use the REST API. */
export const auth = z.strictObject({
  strategy: z
    .enum(['noauth', 'http_basic', 'keystone'])
    .default('noauth')
    .describe(
      'Who may use the REST API over TCP: everybody, users of a file, or by Keystone tokens.',
    ),
  noauth_beyond_loopback: z
    .boolean()
    .default(false)
    .describe('Let noauth listen on an address that others reach: they may then do everything.'),
  user_file: absolutePath
    .optional()
    .describe(
      'For http_basic: users as "htpasswd -B" writes them; it is read anew when it changes.',
    ),
  service_project_name: z
    .string()
    .default('service')
    .describe(
      'For keystone: the project in which the role service may use every node, as Nova does.',
    ),
  enforce_scope: z
    .boolean()
    .default(true)
    .describe(
      'For keystone: false also takes the role admin of any project for an administrator, and ' +
        'baremetal_admin and baremetal_observer of the projects baremetal and demo.',
    ),
  token_cache_seconds: z
    .int()
    .min(0)
    .max(3600)
    .default(60)
    .describe(
      'For keystone: how long a token is not checked again; one revoked is good for as long.',
    ),
  www_authenticate_uri: httpUrl
    .optional()
    .describe(
      'For keystone: where users log in, as a 401 tells them; keystone.auth_url by default.',
    ),
});
