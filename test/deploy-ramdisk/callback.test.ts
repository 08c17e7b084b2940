import test from 'ava';
import { FakeConductor } from './machine.ts';
import { FakeRoot } from './shell.ts';

const CMDLINE = 'deployment_key=KEY iscsi_target_iqn=iqn.x:y deployment_id=u-1 ironic_api_url=';

const JSON_TEXTS = [
  'plain',
  '',
  'a "b" \\ c',
  'tab\there',
  'ümläut',
  '%s %d',
  "it's",
  '$(id) `id`',
];

for (const text of JSON_TEXTS) {
  test(`json_text ${JSON.stringify(text)}`, async (t) => {
    await using root = await FakeRoot.create({ text: Buffer.from(text).toString('latin1') });
    const { stdout } = await root.run('json_text "$(cat "$SYSROOT/text")"');
    t.is(JSON.parse(stdout), text.replaceAll('\t', ' '));
  });
}

const FINAL = [301, 400, 401, 403, 404, 405];
const AGAIN = [408, 409, 423, 429, 500, 502, 503, 504];

test('statuses that end the attempts, and those that are tried again', async (t) => {
  await using root = await FakeRoot.create({});
  const said = async (status: number) =>
    (await root.run(`is_final ${status} && echo final || echo again`)).stdout;
  for (const status of FINAL) t.is(await said(status), 'final', `${status}`);
  for (const status of AGAIN) t.is(await said(status), 'again', `${status}`);
});

const inner = (faultstring: string) =>
  JSON.stringify({ faultcode: 'Client', faultstring, debuginfo: null });
const FAULTS: readonly (readonly [answer: string, text: string])[] = [
  [JSON.stringify({ error_message: inner('Node u-1 is locked.') }), 'Node u-1 is locked.'],
  [JSON.stringify({ error_message: inner('Key "a" is bad') }), "Key 'a' is bad"],
  ['{"error_message": {"faultstring": "not encoded twice"}}', 'not encoded twice'],
  ['<html>\n<h1>Bad gateway</h1>', '<html>'],
  ['', ''],
];

for (const [answer, text] of FAULTS) {
  test(`the fault in ${JSON.stringify(answer)}`, async (t) => {
    await using root = await FakeRoot.create({ answer });
    t.is((await root.run('fault_text "$SYSROOT/answer"')).stdout, text);
  });
}

test('posts, shows status and fault, and keeps the first error only', async (t) => {
  await using conductor = new FakeConductor([
    'drop',
    { status: 409, fault: 'Node is locked.' },
    { status: 202 },
  ]);
  const apiUrl = (await conductor.listen()).replace('10.0.2.2', '127.0.0.1');
  const cmdline = `${CMDLINE}${apiUrl}/v1`;
  await using root = await FakeRoot.create({ 'proc/cmdline': cmdline });
  await root.add({ 'run/ironpxe/address': '10.9.8.7\n' });
  const script = `
    console_line() { echo "$1"; }
    pause_before_retry() { :; }
    (fail 'first "one"'); (fail 'second')
    tell_conductor`;
  const { stdout } = await root.run(script);
  t.deepEqual(
    stdout.split('\n').filter((line) => line.includes('stage=callback')),
    ['none', '409', '202'].map((s) => `ironpxe-ramdisk: stage=callback uptime=1.50 status=${s}`),
  );
  t.true(stdout.includes('The conductor said: Node is locked.'));
  t.is(conductor.callbacks.length, 3);
  t.deepEqual(conductor.callbacks[2], {
    path: '/v1/nodes/u-1/vendor_passthru/pass_deploy_info',
    body: {
      address: '10.9.8.7',
      key: 'KEY',
      iqn: 'iqn.x:y',
      port: '3260',
      lun: '1',
      error: 'first "one"',
    },
  });
});

test('a ramdisk that takes commands tells when it reached its stages', async (t) => {
  await using conductor = new FakeConductor([{ status: 202, nonce: 'c'.repeat(64) }]);
  const apiUrl = (await conductor.listen()).replace('10.0.2.2', '127.0.0.1');
  const cmdline = `${CMDLINE}${apiUrl} ironpxe_commands=1`;
  await using root = await FakeRoot.create({ 'proc/cmdline': cmdline });
  await root.add({ 'run/ironpxe/address': '10.9.8.7\n' });
  await root.run(`
    console_line() { :; }
    stage start "kernel=6.1" "ironpxe deploy ramdisk"
    echo '7.25 1.00' >"$SYSROOT/proc/uptime"
    stage network "nic=eth0 address=10.9.8.7" ""
    tell_conductor`);
  t.is(conductor.callbacks[0]?.body['stages'], 'start=1.50 network=7.25 ');
});
