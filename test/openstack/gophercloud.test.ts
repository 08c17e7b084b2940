import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { startConductor } from './support/conductor.ts';
import { Daemons, SYSTEM_ENV } from './support/daemons.ts';

const PROGRAM = join(import.meta.dirname, 'support', 'gophercloudWalk.go');
/** Where the distribution's Go libraries lie; no modules are fetched. */
const GO_ENV = { ...SYSTEM_ENV, GO111MODULE: 'off', GOPATH: '/usr/share/gocode' };

test('gophercloud: every answer has the one status and the types that it takes', async (t) => {
  t.timeout(1_800_000);
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-gophercloud-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const daemons = stack.use(new Daemons(folder));
  const { url } = await startConductor(daemons);
  const program = join(folder, 'walk');
  const options = { env: { ...GO_ENV, GOCACHE: join(folder, 'cache') }, extendEnv: false };
  await execa('go', ['build', '-o', program, PROGRAM], options);
  for (const version of ['1.58', '1.89']) {
    const { stdout } = await execa(program, [url, version], options);
    t.deepEqual(JSON.parse(stdout), {
      driver: 'fake-hardware',
      enrolled: 'enroll',
      listed: ['by-go', 'other'],
      port: '52:54:00:aa:bb:dd',
      valid: true,
      bootDevice: 'pxe',
      allocated: true,
      image: 'http://127.0.0.1/x.img',
      deployed: 'active',
      undeployed: 'available',
      gone: true,
    });
  }
});
