import type { FastifyInstance } from 'fastify';
import {
  continueInspection,
  INSPECTION_BODY_LIMIT_BYTES,
  lookUp,
  takeHeartbeat,
} from './agents.ts';
import { parseBodiesAsJson } from './body.ts';
import { MIN_MINOR } from './gates.ts';
import { replyError } from './replies.ts';
import { type ApiContext, type Resource, serve } from './resource.ts';
import { showVersions } from './root.ts';
import { negotiate, versionHeaders } from './versions.ts';

/** A certificate and a token; nothing that a machine on the network sends is held beyond this. */
const HEARTBEAT_BODY_LIMIT_BYTES = 128 * 1024;

/** What agents (IPA) call. */
const AGENT_RESOURCES: readonly Resource[] = [
  { path: '/', GET: { what: 'The versions.', handle: showVersions } },
  { path: '/v1/lookup', GET: { what: 'An agent finds its node.', handle: lookUp, since: 22 } },
  {
    path: '/v1/heartbeat/:ident',
    POST: {
      what: 'An agent reports.',
      handle: takeHeartbeat,
      since: 22,
      bodyLimitBytes: HEARTBEAT_BODY_LIMIT_BYTES,
    },
  },
  {
    path: '/v1/continue_inspection',
    POST: {
      what: 'An agent tells what it found in an inspection.',
      handle: continueInspection,
      bodyLimitBytes: INSPECTION_BODY_LIMIT_BYTES,
    },
  },
];

/** The agents' routes alone, as a plugin for the listener on the provisioning network. */
export async function agentRoutes(app: FastifyInstance, context: ApiContext): Promise<void> {
  await app.register(async (scope) => {
    if (!scope.hasRequestDecorator('minor')) scope.decorateRequest('minor', MIN_MINOR);
    parseBodiesAsJson(scope);
    scope.setErrorHandler(replyError);
    scope.addHook('onRequest', async (request, reply) => {
      void reply.headers(versionHeaders(MIN_MINOR));
      request.minor = negotiate(request.headers);
      void reply.headers(versionHeaders(request.minor));
    });
    serve(scope, AGENT_RESOURCES, context);
  });
}
