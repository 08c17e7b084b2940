import { mkdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { agentRoutes } from '../api/agentRoutes.ts';
import { buildApi } from '../api/build.ts';
import { ramdiskRoutes } from '../api/vendorPassthru.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { databasePath } from '../deploy/places.ts';
import { createConductor } from '../deploy/service.ts';
import { readyWriter } from '../deploy/ramdisk/writeLink.ts';
import { createWakeUps } from '../deploy/wakeups.ts';
import { closeDrivers, createDrivers } from '../drivers/registry.ts';
import { IronpxeError } from '../errors/error.ts';
import { startNetboot, treeChoices } from '../netboot/start.ts';
import { loadTemplates } from '../netboot/templates/load.ts';
import type { Glance } from '../openstack/glance.ts';
import { Recorder } from '../record/recorder.ts';
import { openDatabase } from '../store/database.ts';
import { releaseLocksOf } from '../store/locks.ts';
import { startWebhooks } from '../webhooks/start.ts';
import { agentImages } from './agentImages.ts';
import { startHousekeeping } from './housekeeping.ts';
import { startIdleMemory } from './idleMemory.ts';
import { driverOptions } from './driverOptions.ts';
import { startDnsmasqFiles } from './netbootDnsmasq.ts';
import { netbootFacts } from './netbootFacts.ts';
import { netbootOptions } from './netbootOptions.ts';
import { mediaFiles } from './mediaFiles.ts';
import { openNetworking } from './networking.ts';
import { openGate } from './gate.ts';
import { ownStateDir } from './soleOwner.ts';
import { openStrangers } from './strangers.ts';

const PACKAGE = new URL('../../package.json', import.meta.url);

/**
 * Starts a conductor: store, netboot services, API, and what an earlier run left. Disposing it
 * stops serving, lets go of the work in hand (it stays journaled), and closes the store.
 * @throws IronpxeError STATE_DIR_IN_USE, LISTEN_FAILED, NETBOOT_*
 */
export async function startConductor(
  { config, digest }: LoadedConfig,
  logger: Logger,
): Promise<AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  started.use(ownStateDir(config.state_dir));
  const database = started.adopt(await openDatabase(databasePath(config)), (db) => db.destroy());
  await releaseLocksOf(database, config.host);
  await readyWriter(config, logger);
  const wakeUps = createWakeUps();
  const drivers = createDrivers(driverOptions(config, database));
  started.defer(() => closeDrivers(drivers));
  const services = {
    database,
    config,
    drivers,
    glance: await openGlance(config),
    networking: await openNetworking(config, database),
  };
  const strangers = openStrangers(config);
  const conductor = createConductor({ services, wakeUps, logger, strangerKey: strangers?.key });
  started.defer(() => conductor.stop());
  const facts = netbootFacts({
    database,
    wakeUps,
    logger,
    ipxeByDefault: config.pxe.ipxe_enabled,
    strangers,
  });
  const routes = async (app: FastifyInstance) => {
    await app.register(ramdiskRoutes, { database, conductor });
    await app.register(agentRoutes, { database, conductor });
    await app.register(agentImages, { database });
    await app.register(mediaFiles, { config });
  };
  const onError = (error: unknown) => logger.warn({ err: error }, 'netboot');
  const templates = await loadTemplates();
  const netboot = netbootOptions(config, routes);
  const tap = new Recorder({ dhcp: netboot.dhcp, tree: treeChoices(netboot) });
  started.use(await startNetboot(netboot, facts, templates, { onError, tap }));
  started.use(startDnsmasqFiles({ database, config, logger }));
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8'));
  const about = { version, configDigest: digest, startedAt: new Date() };
  const { listen_address: host, listen_port: port, socket } = config.api;
  const guard = await openGate(config, database);
  // Who may open the socket may do everything: its owner, and root.
  const listeners = [
    { address: { host, port }, guard },
    ...(socket === undefined ? [] : [{ address: { path: socket }, guard: {} }]),
  ];
  for (const { address, guard: own } of listeners) {
    const recordingOf = tap.recordingOf.bind(tap);
    const api = buildApi({ database, conductor, logger, recordingOf, ...about, ...own });
    started.adopt(api, (app) => app.close());
    await listen(api, address);
  }
  await conductor.resume();
  started.use(await startWebhooks({ database, config, logger }));
  started.use(startHousekeeping({ database, config, logger }));
  started.use(startIdleMemory());
  logger.info(
    {
      version,
      config_digest: digest,
      api: `${guard.tls ? 'https' : 'http'}://${host}:${port}`,
      socket,
    },
    'serving',
  );
  return started.move();
}

/** The client for Glance, which is loaded only where the configuration names a Keystone. */
async function openGlance(config: Config): Promise<Glance | undefined> {
  if (config.keystone.auth_url === undefined) return undefined;
  const { createGlance } = await import('../openstack/glance.ts');
  return createGlance(config);
}

async function listen(
  app: FastifyInstance,
  address: { readonly host: string; readonly port: number } | { readonly path: string },
): Promise<void> {
  if ('path' in address) {
    mkdirSync(dirname(address.path), { recursive: true });
    await rm(address.path, { force: true });
  }
  try {
    await app.listen(address);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new IronpxeError('LISTEN_FAILED', `The REST API cannot listen: ${why}.`, {
      cause: error,
    });
  }
}
