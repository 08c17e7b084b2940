import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { RESOURCES, type Row } from './commands.ts';
import type { OpenStackCommand } from './openstackCommand.ts';

/** Runs the rows in their order; what each came to is checked. */
export async function walkCommands(
  t: ExecutionContext,
  command: OpenStackCommand,
  rows: readonly Row[],
): Promise<void> {
  const kept = new Map([['file', await resourceFile(t)]]);
  for (const row of rows) await step(t, command, row, kept);
}

/** A file for `openstack baremetal create`. */
async function resourceFile(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ironpxe-clients-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'resources.json');
  await writeFile(path, JSON.stringify(RESOURCES));
  return path;
}

/** Fills in what was kept. */
function filled<T>(value: T, kept: ReadonlyMap<string, string>): T {
  const text = JSON.stringify(value).replaceAll(/\{(\w+)\}/g, (all, name) => kept.get(name) ?? all);
  return JSON.parse(text) as T;
}

async function step(
  t: ExecutionContext,
  command: OpenStackCommand,
  [line, expected = {}]: Row,
  kept: Map<string, string>,
): Promise<void> {
  const { status, out, err } = await command.run(filled(['baremetal', ...line.split(' ')], kept));
  if (expected.fails !== undefined) {
    t.not(status, 0, line);
    t.regex(err, expected.fails, line);
    return;
  }
  t.is(status, 0, `${line}\n${err}`);
  if (!line.endsWith('-f json')) return;
  const said = JSON.parse(out);
  if (expected.keep !== undefined)
    kept.set(expected.keep, Array.isArray(said) ? said[0].UUID : said.uuid);
  if (expected.like === undefined) return;
  const wanted = filled(expected.like, kept);
  const [key = '', value] = Object.entries(wanted)[0] ?? [];
  const row = Array.isArray(said) ? said.find((each) => each[key] === value) : said;
  t.like(row, wanted, `${line}\n${out}`);
}
