import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { ProvisionState } from '../../conductor/states/index.ts';
import { apiOver } from '../api/harness.ts';
import { type FakeBench, openFakeBench, UUID } from '../deploy/support/fakeBench.ts';
import { type Ran, run } from './harness.ts';

type Cli = {
  readonly bench: FakeBench;
  readonly folder: string;
  readonly run: (line: string) => Promise<Ran>;
};

/** The commands against the real API and conductor with a node of fake-hardware. */
async function openCli(t: ExecutionContext, from: ProvisionState): Promise<Cli> {
  const bench = await openFakeBench(from);
  await bench.patch({ name: 'one' });
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-verbs-'));
  const app = apiOver(bench);
  await app.listen({ path: join(folder, 'api.sock') });
  t.teardown(async () => {
    await app.close();
    await bench[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const env = { IRONPXE_URL: `unix:${join(folder, 'api.sock')}` };
  return { bench, folder, run: (line) => run(line, env) };
}

test('a node of fake-hardware goes its whole way by commands, without any network', async (t) => {
  const { run: cli, bench, folder } = await openCli(t, 'enroll');
  await writeFile(join(folder, 'password'), 'secret\n');
  const ways: readonly (readonly [line: string, state: ProvisionState])[] = [
    ['node manage one', 'manageable'],
    ['node inspect one', 'manageable'],
    ['node clean one --step bios.factory_reset', 'manageable'],
    ['node provide one', 'available'],
    ['node deploy one --image http://192.0.2.1/x.img --whole-disk --relay', 'active'],
    ['node rebuild one --full --verify off', 'active'],
    ['node service one --step vendor.log_passthrough', 'active'],
    [`node rescue one --password-file ${join(folder, 'password')}`, 'rescue'],
    ['node unrescue one', 'active'],
    ['node undeploy one', 'available'],
    ['node manage one', 'manageable'],
    ['node adopt one', 'active'],
  ];
  for (const [line, state] of ways) {
    const { status, out, err } = await cli(line);
    t.is(status, 0, `${line}: ${err}`);
    t.true(out.includes(state), `${line}: ${out}`);
    t.is((await bench.node()).provisionState, state);
  }
  t.false(JSON.stringify(await bench.node()).includes('secret'));
});

test('how a disk is written stands in instance_info', async (t) => {
  const { run: cli, bench } = await openCli(t, 'available');
  const image = 'node deploy one --image http://192.0.2.1/x.img --whole-disk';
  const wrong = await cli(`${image} --verify some`);
  t.is(wrong.status, 2);
  t.regex(wrong.err, /--verify some: expected one of full, written, off/);
  t.is((await cli(`${image} --relay --verify full`)).status, 0);
  t.like((await bench.node()).instanceInfo, { ironpxe_relay: true, ironpxe_verify: 'full' });
  t.false('ironpxe_write' in (await bench.node()).instanceInfo);
  t.is((await cli('node rebuild one --full')).status, 0);
  t.like((await bench.node()).instanceInfo, { ironpxe_write: 'full', ironpxe_verify: 'full' });
});

test('a verb that fails ends with the reason', async (t) => {
  const { run: cli } = await openCli(t, 'manageable');
  const { status, err } = await cli('node clean one');
  t.not(status, 0);
  t.regex(err, /"clean failed": STEP_UNKNOWN: .*erase_devices_metadata/);
});

test('steps with arguments come as JSON, also from a file', async (t) => {
  const { run: cli, bench, folder } = await openCli(t, 'manageable');
  const args = { settings: [{ name: 'a', value: 'b' }] };
  const steps = [{ interface: 'bios', step: 'apply_configuration', args }];
  await writeFile(join(folder, 'steps.json'), JSON.stringify(steps));
  const { status, err } = await cli(`node clean one --steps @${join(folder, 'steps.json')}`);
  t.is(status, 0, err);
  t.like((await bench.node()).driverInternalInfo, { fake_bios_settings: { a: 'b' } });
});

for (const [from, verb, held, to] of [
  ['manageable', 'clean', 'clean hold', 'manageable'],
  ['active', 'service', 'service hold', 'active'],
] as const)
  test(`a ${verb} that holds returns, says how to go on, and goes on so`, async (t) => {
    const { run: cli, bench } = await openCli(t, from);
    const begun = await cli(`node ${verb} one --step power.hold --step power.reboot`);
    t.is(begun.status, 0, begun.err);
    t.true(begun.out.endsWith(`one is in state "${held}": "ironpxe node unhold one" goes on.\n`));
    t.is((await bench.node()).provisionState, held);
    const ended = await cli('node unhold one');
    t.is(ended.status, 0, ended.err);
    t.true(ended.out.endsWith(`one is ${to}.\n`), ended.out);
  });

test('abort ends what waits', async (t) => {
  const { run: cli, bench } = await openCli(t, 'manageable');
  await bench.slow('inspect');
  const begun = await cli('node inspect one --no-wait');
  t.regex(begun.out, /inspect of one begun/);
  await bench.until('inspect wait');
  const { status, out } = await cli('node abort one');
  t.is(status, 0);
  t.is(out, 'one is inspect failed.\n');
});

for (const [line, message] of [
  ['node clean one --step erase', /--step erase: expected INTERFACE\.STEP/],
  ['node clean one --steps {}', /expected a JSON list/],
  ['node clean one --step a.b --steps []', /do not go together/],
  ['node service one', /A service needs steps: --step deploy\.verify_disk/],
  ['node service one --steps []', /A service needs steps/],
  ['node rescue one', /--password-file FILE is missing/],
  ['node rescue one --password-file /nowhere', /nowhere cannot be read/],
  ['node provide', /NODE is missing/],
] as const)
  test(line, async (t) => {
    const { run: cli, bench } = await openCli(t, 'manageable');
    const before = await bench.node();
    const { status, err } = await cli(line);
    t.is(status, 2);
    t.regex(err, message);
    t.deepEqual(await bench.node(), before, UUID);
  });
