import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Authenticator } from '../auth/authenticator.ts';
import { credentialGate, type Gate, hostGate } from '../auth/gate.ts';
import type { Config } from '../config/schema.ts';
import { IronpxeError } from '../errors/error.ts';
import type { Database } from '../store/database.ts';

/** Keystone is asked while a client waits, so it has to answer soon. */
const KEYSTONE_STALL_MS = 20_000;

/**
 * What the REST API needs to know who asks, and the certificate with which it answers.
 * @throws IronpxeError AUTH_USER_FILE_INVALID, TLS_UNUSABLE, OPENSTACK_NOT_CONFIGURED
 */
export async function openGate(
  config: Config,
  database: Database,
): Promise<{
  readonly gate: Gate;
  readonly tls?: { readonly cert: string; readonly key: string };
}> {
  const tls = readTls(config.api);
  const authenticator = await openAuthenticator(config);
  const { service_project_name: serviceProjectName, enforce_scope: enforceScope } = config.auth;
  const gate =
    authenticator === undefined
      ? hostGate([...config.api.allowed_hosts, config.host.toLowerCase()])
      : credentialGate({ database, authenticator, policy: { serviceProjectName, enforceScope } });
  return { gate, ...(tls && { tls }) };
}

async function openAuthenticator(config: Config): Promise<Authenticator | undefined> {
  const { auth } = config;
  if (auth.strategy === 'http_basic') {
    const { basicAuthenticator } = await import('../auth/basic/authenticator.ts');
    return basicAuthenticator(auth.user_file ?? '');
  }
  return auth.strategy === 'keystone' ? openKeystone(config) : undefined;
}

/** Loaded only where it is used: it brings got. */
async function openKeystone(config: Config): Promise<Authenticator | undefined> {
  const [{ keystoneAuthenticator }, { KeystoneTokens }, { cloudOf }] = await Promise.all([
    import('../auth/keystone.ts'),
    import('../openstack/keystoneTokens.ts'),
    import('../openstack/glance.ts'),
  ]);
  const cloud = cloudOf(config);
  if (cloud === undefined) return undefined;
  const tokens = new KeystoneTokens({ ...cloud, stallTimeoutMs: KEYSTONE_STALL_MS });
  return keystoneAuthenticator({
    describe: (token, options) => tokens.describe(token, options),
    publicUrl: config.auth.www_authenticate_uri ?? cloud.authUrl,
    cacheMs: config.auth.token_cache_seconds * 1000,
  });
}

function readTls({ tls_certificate: certificate, tls_key: key }: Config['api']) {
  if (certificate === undefined || key === undefined) return undefined;
  const pair = { cert: readPem(certificate), key: readPem(key) };
  try {
    createSecureContext(pair);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new IronpxeError('TLS_UNUSABLE', `${certificate} with ${key}: ${why}.`, { cause: error });
  }
  return pair;
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new IronpxeError('TLS_UNUSABLE', `${path} cannot be read: ${why}.`, { cause: error });
  }
}
