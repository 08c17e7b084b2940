import type { FastifyInstance } from 'fastify';
import { IronpxeError } from '../errors/error.ts';
import { getNode } from '../store/nodes.ts';
import { parseBodiesAsJson } from './body.ts';
import { MIN_MINOR } from './gates.ts';
import { replyError } from './replies.ts';
import { type Answer, type ApiContext, type Call, type Resource, serve } from './resource.ts';
import { deployInfo, parse } from './schemas.ts';

/** The one method that a node's vendor interface has. */
const METHODS = {
  pass_deploy_info: {
    http_methods: ['POST'],
    async: true,
    description: 'Takes the address and key of the deploy ramdisk and starts the write.',
    attach: false,
    require_exclusive_lock: true,
  },
} as const;

/** `GET /v1/nodes/{ident}/vendor_passthru/methods` */
export async function listVendorMethods(call: Call): Promise<Answer> {
  await getNode(call.database, call.params.ident ?? '');
  return { status: 200, body: METHODS };
}

/** Any `vendor_passthru/{method}` or `vendor_passthru?method=` of a node. */
export async function callVendorMethod(call: Call): Promise<Answer> {
  const name = call.params.method ?? call.query.method;
  if (name === undefined || name === '')
    throw new IronpxeError(
      'INVALID_REQUEST',
      'Method not specified when calling vendor extension.',
    );
  if (name !== 'pass_deploy_info')
    throw new IronpxeError('UNSUPPORTED_EXTENSION', `No handler for method ${name}`);
  if (call.method !== 'POST')
    throw new IronpxeError(
      'INVALID_REQUEST',
      `The method pass_deploy_info does not support HTTP ${call.method}, only POST.`,
    );
  return passDeployInfo(call);
}

/** The deploy ramdisk calls (contract of deploy-ramdisk/PROTOCOL.md). Public: the key is the proof. */
async function passDeployInfo(call: Call): Promise<Answer> {
  const node = await getNode(call.database, call.params.ident ?? '');
  const info = parse(deployInfo, call.body, 'pass_deploy_info');
  await call.conductor.passDeployInfo(node, info);
  return { status: 202 };
}

const POST = { what: 'The deploy ramdisk reports for work.', handle: callVendorMethod };

/** What the deploy ramdisk may call; without `/v1` because the oldest ramdisks call it so. */
const RAMDISK_RESOURCES: readonly Resource[] = ['/v1', ''].flatMap((prefix) => [
  { path: `${prefix}/nodes/:ident/vendor_passthru/:method`, POST },
  { path: `${prefix}/nodes/:ident/vendor_passthru`, POST },
]);

/** The calls are small; nothing that a machine on the network sends is held beyond this. */
const RAMDISK_BODY_LIMIT_BYTES = 64 * 1024;

/** The public routes alone, as a plugin for the listener on the provisioning network. */
export async function ramdiskRoutes(app: FastifyInstance, context: ApiContext): Promise<void> {
  await app.register(async (scope) => {
    if (!scope.hasRequestDecorator('minor')) scope.decorateRequest('minor', MIN_MINOR);
    parseBodiesAsJson(scope);
    scope.setErrorHandler(replyError);
    const limited = RAMDISK_RESOURCES.map(({ path }) => ({
      path,
      POST: { ...POST, bodyLimitBytes: RAMDISK_BODY_LIMIT_BYTES },
    }));
    serve(scope, limited, context);
  });
}
