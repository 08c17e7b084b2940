import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { parseConfig } from '../../conductor/config/load.ts';
import { reportKernelLine } from '../../conductor/deploy/bootLine.ts';
import { lookUpImage } from '../../conductor/deploy/deployImage.ts';
import { fetchFile, fetchImage } from '../../conductor/images/fetchImage.ts';
import { createGlance } from '../../conductor/openstack/glance.ts';
import { openDatabase } from '../../conductor/store/database.ts';
import { ImageToolError } from '../../image-tools/errors/error.ts';
import { sha256Of } from '../../image-tools/glance/digests.ts';
import { ImagesApi } from '../../image-tools/glance/imagesApi.ts';
import { Keystone } from '../../image-tools/glance/keystone.ts';
import {
  type RegisterEvent,
  registerFromJson,
  type RegisterOptions,
} from '../../image-tools/glance/registerImages.ts';
import { nodeWith } from '../deploy/support/node.ts';
import { QUOTA_BYTES } from './support/configs.ts';
import { OpenStack } from './support/openstack.ts';
import { writeTrio } from './support/trio.ts';

const MIB = 1024 ** 2;

const startedMs = performance.now();
const services = await OpenStack.start();
console.log(`Keystone and Glance answer after ${seconds(startedMs)} s`);
test.after.always(() => services[Symbol.asyncDispose]());
const api = new ImagesApi(new Keystone(services.cloud()));
const trio = (name: string, options?: Parameters<typeof writeTrio>[2]) =>
  writeTrio(join(services.folder, 'trios', name), name, options);

function seconds(sinceMs: number): string {
  return ((performance.now() - sinceMs) / 1000).toFixed(1);
}

async function failing(json: string, options: RegisterOptions = {}): Promise<ImageToolError> {
  const all = { cloud: services.cloud(), ...options };
  const error: unknown = await registerFromJson(json, all).catch((reason: unknown) => reason);
  if (error instanceof ImageToolError) return error;
  throw new Error(`expected an ImageToolError\n${await services.logs()}`, { cause: error });
}

/** How many images Glance has whose name begins so. */
async function imagesOf(name: string): Promise<number> {
  const all = await api.list({});
  return all.filter((image) => image.name?.startsWith(name)).length;
}

test.serial('a trio is registered, linked and verified; a rerun sends nothing', async (t) => {
  const json = await trio('fedora');
  const first = await registerFromJson(json, { cloud: services.cloud() });
  t.like(await api.show(first.base.id), {
    name: 'fedora',
    status: 'active',
    size: 300_000,
    disk_format: 'ami',
    container_format: 'ami',
    visibility: 'private',
    min_disk: 1,
    kernel_id: first.kernel.id,
    ramdisk_id: first.ramdisk.id,
    img_type: 'partition',
    root_device: '/dev/mapper/atomicos-root',
    kernel_append_params: 'ro ostree=/ostree/boot.1/x/0 rd.lvm.lv=atomicos/root %default%',
  });
  t.is((await api.show(first.kernel.id)).disk_format, 'aki');
  const seen: string[] = [];
  const onEvent = ({ kind }: RegisterEvent) => void seen.push(kind);
  const second = await registerFromJson(json, { cloud: services.cloud(), onEvent });
  t.deepEqual(seen, ['found', 'found', 'found']);
  t.is(second.base.id, first.base.id);
  const third = await registerFromJson(json, { cloud: services.cloud(), appendParams: 'quiet' });
  t.is(third.base.id, first.base.id);
  t.is((await api.show(first.base.id))['kernel_append_params'], 'quiet');
  t.is(await imagesOf('fedora'), 3);
});

test.serial('raw in a bare container, with an application credential', async (t) => {
  const credentials = await services.applicationCredential();
  const cloud = { ...services.cloud(), credentials };
  const { base } = await registerFromJson(await trio('bare'), { cloud, style: 'raw' });
  t.like(await api.show(base.id), { disk_format: 'raw', container_format: 'bare' });
});

test.serial('a wrong password: Keystone refuses, nothing is made', async (t) => {
  const error = await failing(await trio('denied'), { cloud: services.cloud('wrong') });
  t.is(error.code, 'CLOUD_REFUSED');
  t.regex(error.message, /Keystone answered .* 401/);
  t.is(await imagesOf('denied'), 0);
});

test.serial('over the quota: said so, and nothing is left', async (t) => {
  const json = await trio('large', { baseBytes: QUOTA_BYTES + MIB });
  const error = await failing(json);
  t.is(error.code, 'GLANCE_QUOTA', error.message);
  t.is(await imagesOf('large'), 0);
});

test.serial('Glance dies mid-upload and comes back: the images are removed', async (t) => {
  const json = await trio('killed', { baseBytes: 200 * MIB });
  let killed: Promise<void> | undefined;
  const onEvent = (event: RegisterEvent) => {
    if (event.kind === 'uploading' && event.role === 'base') killed ??= services.killGlance();
    // The registration tells that it removes what it made: from now on it waits for Glance.
    if (event.kind === 'removing') void killed?.then(() => services.startGlance());
  };
  const error = await failing(json, { onEvent });
  t.is(error.code, 'CLOUD_UNREACHABLE');
  t.notRegex(error.message, /could not be removed/);
  t.is(await imagesOf('killed'), 0);
});

test.serial('Glance dies mid-upload for good: what is left is named; a rerun works', async (t) => {
  const json = await trio('dead', { baseBytes: 200 * MIB });
  let killed: Promise<void> | undefined;
  const onEvent = (event: RegisterEvent) => {
    if (event.kind === 'uploading' && event.role === 'base') killed ??= services.killGlance();
  };
  const error = await failing(json, { onEvent, removeWithinMs: 1_000 });
  t.is(error.code, 'CLOUD_UNREACHABLE');
  const named = /openstack image delete (.*)$/.exec(error.message)?.[1]?.split(' ') ?? [];
  t.is(named.length, 3);
  await services.startGlance();
  const again = await registerFromJson(json, { cloud: services.cloud() });
  t.is((await api.show(again.base.id)).status, 'active');
  // The kernel and the ramdisk of the failed run were whole, so they are used.
  t.true(again.kernel.reused && named.includes(again.kernel.id));
});

test.serial('the conductor reads the image, its kernel and its boot options by UUID', async (t) => {
  const { base } = await registerFromJson(await trio('deployed'), { cloud: services.cloud() });
  const config = parseConfig(
    JSON.stringify({
      boot_http: { url: 'http://127.0.0.1:8088' },
      dhcp: { enabled: false },
      keystone: {
        auth_url: services.authUrl,
        username: 'demo',
        project_name: 'demo',
        password: services.password,
      },
    }),
    'conductor.yaml',
  );
  const glance = createGlance(config);
  const cacheDir = await mkdtemp(join(services.folder, 'cache-'));
  const options = { cacheDir, allowedFolders: [], glance };
  const file = await fetchImage(base.id, options);
  t.is(file.origin, 'download');
  t.is(file.sha256, await sha256Of(join(services.folder, 'trios/deployed/deployed-base')));
  t.is((await fetchImage(`glance://${base.id}`, options)).origin, 'cache');
  await t.throwsAsync(fetchImage(base.id, { ...options, checksum: 'ab'.repeat(32) }), {
    code: 'IMAGE_CHECKSUM_MISMATCH',
  });
  const database = await openDatabase(':memory:');
  t.teardown(() => database.destroy());
  const node = nodeWith({ instanceInfo: { image_source: base.id } });
  const image = await lookUpImage({ database, glance }, node);
  const kernel = await fetchFile(image?.kernel ?? '', options);
  t.is(kernel.sha256, await sha256Of(join(services.folder, 'trios/deployed/deployed-kernel')));
  const report = await reportKernelLine({ config, database, glance }, node);
  t.is(
    report.line,
    `root=/dev/mapper/atomicos-root ro text ro ostree=/ostree/boot.1/x/0 rd.lvm.lv=atomicos/root ${config.pxe.append_params}`,
  );
  await t.throwsAsync(fetchImage('00000000-0000-4000-8000-000000000000', options), {
    code: 'IMAGE_NOT_FOUND',
  });
});
