import type { FastifyInstance } from 'fastify';
import type { VendorMethod } from '../drivers/types.ts';
import { IronpxeError } from '../errors/error.ts';
import { getNode } from '../store/nodes.ts';
import type { JsonObject } from '../store/types.ts';
import { parseBodiesAsJson } from './body.ts';
import { MIN_MINOR } from './gates.ts';
import { nodeOfPath } from './nodes/ident.ts';
import { driverOfNode } from './nodes/management.ts';
import { replyError } from './replies.ts';
import { type Answer, type ApiContext, type Call, type Resource, serve } from './resource.ts';
import { deployInfo, loaderInfo, parse, strangerReport, vendorArguments } from './schemas.ts';

/** The methods of nodes whose driver has none of its own. */
const METHODS = {
  pass_deploy_info: {
    http_methods: ['POST'],
    async: true,
    description: 'Takes the address and key of the deploy ramdisk and starts the write.',
    attach: false,
    require_exclusive_lock: true,
  },
  pass_bootloader_install_info: {
    http_methods: ['POST'],
    async: true,
    description: 'Takes from a classic deploy ramdisk whether it installed the boot loader.',
    attach: false,
    require_exclusive_lock: true,
  },
} as const;

/** What carries the methods of the deploy ramdisk out. Public: the key is the proof. */
const RAMDISK_METHODS: Readonly<Record<keyof typeof METHODS, (call: Call) => Promise<Answer>>> = {
  pass_deploy_info: passDeployInfo,
  pass_bootloader_install_info: passLoaderInfo,
};

function isRamdiskMethod(name: string): name is keyof typeof METHODS {
  return Object.hasOwn(METHODS, name);
}

/** `GET /v1/nodes/{ident}/vendor_passthru/methods` */
export async function listVendorMethods(call: Call): Promise<Answer> {
  const own = driverOfNode(call, await nodeOfPath(call)).vendorMethods;
  return { status: 200, body: own === undefined ? METHODS : describe(own) };
}

/** The methods of a driver in Ironic's form. */
export function describe(methods: Readonly<Record<string, VendorMethod>>): JsonObject {
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [
      name,
      {
        http_methods: method.httpMethods,
        async: method.async,
        description: method.description,
        attach: false,
        require_exclusive_lock: method.needsLock,
      },
    ]),
  );
}

/** Any `vendor_passthru/{method}` or `vendor_passthru?method=` of a node. */
export async function callVendorMethod(call: Call): Promise<Answer> {
  const name = methodOf(call);
  return isRamdiskMethod(name) ? runRamdiskMethod(call, name) : callDriverMethod(call, name);
}

/** The same for the provisioning network, where nobody has to say who he is: no driver's methods. */
async function callRamdiskMethod(call: Call): Promise<Answer> {
  const name = methodOf(call);
  if (!isRamdiskMethod(name)) throw unknownMethod(name);
  return runRamdiskMethod(call, name);
}

function methodOf(call: Call): string {
  const name = call.params.method ?? call.query.method;
  if (name !== undefined && name !== '') return name;
  throw new IronpxeError('INVALID_REQUEST', 'Method not specified when calling vendor extension.');
}

async function runRamdiskMethod(call: Call, name: keyof typeof METHODS): Promise<Answer> {
  checkHttpMethod(call, name, METHODS[name].http_methods);
  return RAMDISK_METHODS[name](call);
}

function unknownMethod(name: string): IronpxeError {
  return new IronpxeError('UNSUPPORTED_EXTENSION', `No handler for method ${name}`);
}

async function callDriverMethod(call: Call, name: string): Promise<Answer> {
  const node = await nodeOfPath(call);
  const methods = driverOfNode(call, node).vendorMethods ?? {};
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (method === undefined) throw unknownMethod(name);
  checkHttpMethod(call, name, method.httpMethods);
  const args = { ...call.query, ...parse(vendorArguments, call.body ?? {}, name) };
  const machine = { uuid: node.uuid, driverInfo: node.driverInfo, macs: [] };
  const work = async () => method.call(machine, args);
  const result = method.needsLock ? await call.conductor.whileLocked(node, work) : await work();
  return method.async ? { status: 202 } : { status: 200, body: result ?? null };
}

/** @throws IronpxeError INVALID_REQUEST in Ironic's way: 400, not 405 */
function checkHttpMethod(call: Call, name: string, allowed: readonly string[]): void {
  if (allowed.includes(call.method)) return;
  throw new IronpxeError(
    'INVALID_REQUEST',
    `The method ${name} does not support HTTP ${call.method}, only ${allowed.join(', ')}.`,
  );
}

/** The deploy ramdisk calls (contract of deploy-ramdisk/PROTOCOL.md). */
async function passDeployInfo(call: Call): Promise<Answer> {
  const node = await getNode(call.database, call.params.ident ?? '');
  const info = parse(deployInfo, call.body, 'pass_deploy_info');
  const reply = await call.conductor.passDeployInfo(node, info);
  return { status: 202, ...(reply && { body: reply }) };
}

/** A classic ramdisk has installed the boot loader of the image, or could not. */
async function passLoaderInfo(call: Call): Promise<Answer> {
  const node = await getNode(call.database, call.params.ident ?? '');
  const info = parse(loaderInfo, call.body, 'pass_bootloader_install_info');
  await call.conductor.passLoaderInfo(node, info);
  return { status: 202 };
}

const POST = { what: 'The deploy ramdisk reports for work.', handle: callRamdiskMethod };

/** What the deploy ramdisk may call; without `/v1` because the oldest ramdisks call it so. */
const RAMDISK_RESOURCES: readonly Resource[] = ['/v1', ''].flatMap((prefix) => [
  { path: `${prefix}/nodes/:ident/vendor_passthru/:method`, POST },
  { path: `${prefix}/nodes/:ident/vendor_passthru`, POST },
]);

/** A machine of no node tells what it is made of. The address is the one that it called from. */
async function enroll(call: Call): Promise<Answer> {
  const report = parse(strangerReport, call.body, 'enroll');
  const body = await call.conductor.enroll({ ...report, address: call.clientAddress });
  return { status: 202, body };
}

const ENROLL: Resource = {
  path: '/v1/enroll',
  POST: {
    what: 'A machine of no node tells what it is made of.',
    handle: enroll,
    bodyLimitBytes: 1024 * 1024,
  },
};

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
    serve(scope, [...limited, ENROLL], context);
  });
}
