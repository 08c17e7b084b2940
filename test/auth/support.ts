import type { FastifyInstance } from 'fastify';
import { buildApi } from '../../conductor/api/build.ts';
import type { Authenticator } from '../../conductor/auth/authenticator.ts';
import type { Caller } from '../../conductor/auth/caller.ts';
import { credentialGate, type Gate } from '../../conductor/auth/gate.ts';
import { IronpxeError } from '../../conductor/errors/error.ts';
import { type Database, openDatabase } from '../../conductor/store/database.ts';
import { smallConductor } from '../api/harness.ts';

/** An API behind a gate. */
export type Guarded = {
  readonly app: FastifyInstance;
  readonly database: Database;
  readonly close: () => Promise<void>;
};

export async function openGuarded(
  gateOf: (database: Database) => Gate | Promise<Gate>,
): Promise<Guarded> {
  const database = await openDatabase(':memory:');
  const app = buildApi({
    database,
    conductor: smallConductor(database, []),
    version: '0',
    configDigest: '0',
    startedAt: new Date(),
    gate: await gateOf(database),
  });
  const close = async () => {
    await app.close();
    await database.destroy();
  };
  return { app, database, close };
}

/** Takes the caller's name for a token. */
export function openByName(
  callers: Readonly<Record<string, Caller>>,
  enforceScope = true,
): Promise<Guarded> {
  const authenticator: Authenticator = {
    challenge: 'Test',
    authenticate: async (headers) => {
      const caller = callers[String(headers['x-auth-token'])];
      if (caller === undefined) throw new IronpxeError('UNAUTHORIZED', 'Who are you?');
      return caller;
    },
  };
  const policy = { serviceProjectName: 'service', enforceScope };
  return openGuarded((database) => credentialGate({ database, authenticator, policy }));
}

const IMPLIED = ['admin', 'manager', 'member', 'reader'];

/** A caller with a role, and what Keystone lets it imply. */
export function callerOf(role: string, project?: string): Caller {
  const at = IMPLIED.indexOf(role);
  return {
    userId: role,
    userName: role,
    roles: at < 0 ? [role] : IMPLIED.slice(at),
    system: project === undefined,
    ...(project !== undefined && { project: { id: project, name: project, domainId: 'default' } }),
  };
}

/** Sends a request as the named caller. */
export async function sendAs(app: FastifyInstance, token: string, line: string, body?: unknown) {
  const [method = 'GET', url = '/'] = line.split(' ');
  const reply = await app.inject({
    method: method as 'GET',
    url,
    headers: {
      'x-openstack-ironic-api-version': 'latest',
      ...(token !== '' && { 'x-auth-token': token }),
    },
    ...(body !== undefined && { payload: JSON.stringify(body) }),
  });
  const json = reply.body.startsWith('{') ? JSON.parse(reply.body) : {};
  return { status: reply.statusCode, json, headers: reply.headers, text: reply.body };
}
