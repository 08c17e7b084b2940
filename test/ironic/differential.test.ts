import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { startConductor } from '../openstack/support/conductor.ts';
import { Daemons } from '../openstack/support/daemons.ts';
import { empty, send, settle } from './client.ts';
import { differences } from './compare.ts';
import { startIronic } from './ironic.ts';
import { KNOWN } from './known.ts';
import { AGENT_SCENES } from './scenes/agents.ts';
import { FIELD_SCENES } from './scenes/fields.ts';
import { LIST_SCENES } from './scenes/lists.ts';
import { MANAGEMENT_SCENES } from './scenes/management.ts';
import { NODE_SCENES } from './scenes/nodes.ts';
import { READ_SCENES } from './scenes/reads.ts';
import { PORT_SCENES } from './scenes/ports.ts';
import { RESOURCE_SCENES } from './scenes/resources.ts';
import { VERB_SCENES } from './scenes/verbs.ts';
import { MAX_MINOR, type Scene, type Step } from './steps.ts';

/** Ironic and us, both without authentication and with the same settings. */
type Rig = { readonly theirs: string; readonly ours: string };
const test = anyTest as TestFn<Rig>;

const SCENES: readonly Scene[] = [
  ...NODE_SCENES,
  ...VERB_SCENES,
  ...MANAGEMENT_SCENES,
  ...PORT_SCENES,
  ...RESOURCE_SCENES,
  ...AGENT_SCENES,
  ...LIST_SCENES,
  ...FIELD_SCENES,
  ...READ_SCENES,
];

const stack = new AsyncDisposableStack();
test.before(async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-ironic-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const daemons = stack.use(new Daemons(folder));
  // Both conductors go by the same name.
  const { url } = await startConductor(daemons, { clean: { automated: true } }, 'localhost');
  Object.assign(t.context as object, { theirs: await startIronic(daemons), ours: url });
});
test.after.always(() => stack.disposeAsync());

const used = new Set<(typeof KNOWN)[number]>();
let played = 0;

for (const scene of SCENES)
  test.serial(scene.name, async (t) => {
    t.timeout(1_800_000);
    t.deepEqual(await play(t.context, scene), []);
    played += 1;
  });

test.serial('each known difference is still there', (t) => {
  if (played < SCENES.length) t.log('only where every scene was played to its end');
  const unused = KNOWN.filter((row) => !used.has(row));
  t.deepEqual(played < SCENES.length ? [] : unused, []);
});

/** Sends every request to both; gives the differences that no row of the table knows. */
async function play({ theirs, ours }: Rig, scene: Scene): Promise<string[]> {
  await Promise.all([empty(theirs), empty(ours)]);
  const found: string[] = [];
  for (const step of scene.steps) {
    if (step === 'settle') await Promise.all([settle(theirs), settle(ours)]);
    else found.push(...unknownOf(step, await compareAt({ theirs, ours }, step)));
  }
  return found;
}

type Request = Exclude<Step, 'settle'>;

async function compareAt({ theirs, ours }: Rig, step: Request): Promise<string[]> {
  const [there, here] = await Promise.all([send(theirs, step), send(ours, step)]);
  return differences(there, here);
}

function unknownOf(step: Request, lines: readonly string[]): string[] {
  const { request, body, minor = MAX_MINOR } = step;
  const asked = `${request} ${JSON.stringify(body) ?? ''}`.trim();
  const unknown = lines.filter((line) => {
    const known = KNOWN.filter(
      (row) => (row.request?.test(asked) ?? true) && row.difference.test(line),
    );
    known.forEach((row) => used.add(row));
    return known.length === 0;
  });
  return unknown.map((line) => `1.${minor} ${asked}: ${line}`);
}
