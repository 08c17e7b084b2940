import test from 'ava';
import { COMMANDS } from '../../conductor/cli/commands.ts';
import { distance } from '../../conductor/cli/nodes.ts';
import { openCli, run } from './harness.ts';

const NOWHERE = { IRONPXE_URL: 'http://127.0.0.1:1' };

const WRONG: readonly [line: string, status: number, err: RegExp][] = [
  ['', 2, /Usage: ironpxe COMMAND/],
  ['node', 2, /Usage: ironpxe node COMMAND/],
  ['nodes', 2, /no command "nodes"/],
  ['node lst', 2, /Did you mean "node list"/],
  ['node list --bogus', 2, /Unknown option '--bogus'. Usage: ironpxe node list/],
  ['node list extra', 2, /"extra" is one argument too many/],
  ['node show', 2, /NODE is missing/],
  ['node power one', 2, /on, off, reboot, .* is missing/],
  ['node power one sideways', 2, /"sideways": expected on, off/],
  ['node enroll one', 2, /--driver NAME is missing/],
  ['node enroll one --driver d --port xyz', 2, /--port xyz is no MAC/],
  ['node enroll one --driver d --driver-info broken', 2, /expected KEY=VALUE/],
  ['node enroll one --driver d --driver-info k=@/nope', 2, /\/nope cannot be read/],
  ['node deploy one', 2, /--image IMAGE is missing/],
  ['node deploy one --image /nope.raw', 2, /There is no file \/nope.raw/],
  ['node deploy one --image http://h/i --root-gb many', 2, /--root-gb many: expected a whole/],
  ['node list --url ftp://x', 2, /"ftp:\/\/x" is no address of an API/],
  ['node list', 3, /No API answers at http:\/\/127.0.0.1:1: the connection is refused/],
  ['node list --url unix:/nope.sock', 3, /there is no such socket/],
  ['--json node list', 3, /^\{"error":\{"code":"API_UNREACHABLE"/],
];
for (const [line, status, err] of WRONG)
  test(`"${line}" ends with ${status}`, async (t) => {
    const ran = await run(line, NOWHERE);
    t.is(ran.status, status, ran.err);
    t.regex(ran.err, err);
    t.is(ran.out, '');
  });

test('an unreachable API says how to start one', async (t) => {
  const { err } = await run('node list', NOWHERE);
  t.regex(err, /ironpxe conductor --config FILE.*IRONPXE_URL/);
});

for (const line of [
  '--help',
  'help',
  'node --help',
  ...COMMANDS.map(({ name }) => `${name} --help`),
])
  test(`"${line}" explains`, async (t) => {
    const { status, out, err } = await run(line, NOWHERE);
    t.is(status, 0);
    t.is(err, '');
    t.regex(out, /Usage: ironpxe/);
    t.true(
      out.split('\n').every((text) => text.length <= 100),
      out,
    );
  });

for (const command of COMMANDS)
  test(`the help of "${command.name}" names every option and has an example`, async (t) => {
    const { out } = await run(`${command.name} --help`, NOWHERE);
    for (const option of Object.keys(command.options)) t.true(out.includes(`--${option}`), option);
    t.true(out.includes(`ironpxe ${command.name}`));
    t.true(command.examples.length > 0);
  });

test('letters that differ', (t) => {
  for (const [a, b, expected] of [
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', 'abd', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
  ] as const)
    t.is(distance(a, b), expected);
});

test('an unknown node: its own status, and names like it', async (t) => {
  const cli = await openCli(t);
  for (const name of ['rack1-07', 'rack1-08', 'other'])
    await cli.send('POST /v1/nodes', { body: { driver: 'pxe_ssh', name } });
  const { status, err } = await cli.run('node show rack1-7');
  t.is(status, 4);
  t.regex(err, /Did you mean rack1-07 or rack1-08\?/);
  t.false(err.includes('other'));
  t.is((await cli.run('node show zzzzzzz')).err.includes('Did you mean'), false);
});

test('a name with odd characters cannot leave its path', async (t) => {
  const cli = await openCli(t);
  t.is((await cli.run('node show ../ports')).status, 4);
  t.is((await cli.run('node show "a b?c#d"')).status, 4);
});
