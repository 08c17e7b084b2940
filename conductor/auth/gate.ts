import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasCode, IronpxeError } from '../errors/error.ts';
import type { Database } from '../store/database.ts';
import { type Access, accessOf } from './access.ts';
import type { Authenticator } from './authenticator.ts';
import { authorize } from './authorize.ts';
import type { PolicySettings } from './policy/permits.ts';
import { policyOf, type RoutePolicy } from './policy/routes.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the caller may; absent where nobody is restricted. */
    access: Access | undefined;
  }
}

/** Stands before every route of an API and lets through what is allowed. */
export type Gate = (app: FastifyInstance) => void;

/** What a gate that asks for credentials needs. */
export type GateOptions = {
  readonly database: Database;
  readonly authenticator: Authenticator;
  readonly policy: PolicySettings;
};

/** A gate that asks for credentials, before a body is read, and judges by the policy after that. */
export function credentialGate(options: GateOptions): Gate {
  return (app) => {
    app.decorateRequest('access', undefined);
    app.addHook('onRequest', async (request, reply) => {
      if (isOpen(request)) return;
      request.access = await identify(options, request, reply);
    });
    app.addHook('preHandler', async (request) => {
      if (request.access === undefined || isOpen(request)) return;
      request.access = await judge(options.database, request.access, request);
    });
  };
}

function policyFor(request: FastifyRequest): RoutePolicy | undefined {
  const { url } = request.routeOptions;
  return url === undefined ? undefined : policyOf(request.method, url);
}

function isOpen(request: FastifyRequest): boolean {
  const open = policyFor(request)?.open;
  const { method } = Object(request.params) as { readonly method?: string };
  return open === true || (method !== undefined && open?.includes(method) === true);
}

async function identify(
  { authenticator, policy }: GateOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Access | undefined> {
  try {
    const caller = await authenticator.authenticate(request.headers);
    return caller === 'everything' ? undefined : accessOf(caller, policy);
  } catch (error) {
    if (hasCode(error, 'UNAUTHORIZED'))
      void reply.header('WWW-Authenticate', authenticator.challenge);
    throw error;
  }
}

async function judge(database: Database, access: Access, request: FastifyRequest): Promise<Access> {
  // A path without any route: the answer is the 404 of all such paths.
  if (request.routeOptions.url === undefined) return access;
  const policy = policyFor(request);
  if (policy === undefined)
    throw new IronpxeError(
      'METHOD_NOT_ALLOWED',
      `${request.method} is not allowed on ${request.url}.`,
    );
  return authorize(database, access, policy, {
    params: request.params as Record<string, string>,
    query: request.query as Record<string, unknown>,
    body: request.body,
  });
}

const LOOPBACK_NAME = /^(?:localhost|(?:.+\.)?localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])$/i;

/**
 * The gate of an API that asks for no credentials: only names that nobody else can point at this
 * host (addresses, localhost, and `hosts`) may be asked for, so a web page whose name was turned
 * to this host afterwards (DNS rebinding) reads nothing.
 */
export function hostGate(hosts: readonly string[]): Gate {
  return (app) => {
    app.addHook('onRequest', async (request) => {
      const name = request.host.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
      if (name === '' || LOOPBACK_NAME.test(name) || hosts.includes(name)) return;
      throw new IronpxeError(
        'HOST_REFUSED',
        `The request names the host "${name}", expected an address, localhost${hosts.map((host) => `, ${host}`).join('')}.`,
      );
    });
  };
}
