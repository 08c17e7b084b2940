// Makes the recordings of test/vectors/boots anew: node test/why/record.ts [NAME…]. Needs root.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Bench } from '../netboot/support/bench.ts';
import { SCENARIOS } from './support/scenarios.ts';
import type { Scenario } from './support/acts.ts';

const FOLDER = join(import.meta.dirname, '../vectors/boots');
const SCRIPT = join(import.meta.dirname, 'support/bootProcess.ts');
const wanted = process.argv.slice(2);

/** Provokes one fault and returns the recording, without paths of this run. */
async function provoke(label: string, scenario: Scenario): Promise<string> {
  await using bench = await Bench.make(label);
  const client = await bench.client(`${label}c`, '52:54:00:00:00:01');
  await client.ip('addr add 192.0.2.100/24 dev eth0');
  await client.ip('addr add 192.0.2.101/24 dev eth0');
  await client.ip('route add default dev eth0');
  const wish = JSON.stringify({ folder: bench.folder, machine: client.name, scenario });
  const running = bench.namespace.start(process.execPath, [SCRIPT, wish], 400_000);
  const [line] = await running.output.waitFor(/^\{"format".*\n/m);
  return line.replaceAll(bench.folder, '/var/lib/ironpxe');
}

await mkdir(FOLDER, { recursive: true });
for (const [index, [name, scenario]] of Object.entries(SCENARIOS).entries()) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const text = await provoke(`w${index}`, scenario);
  const about = { about: `provoked: ${name}`, code: scenario.code };
  const recording = { ...about, ...JSON.parse(text) };
  await writeFile(join(FOLDER, `${name}.json`), `${oneEntryPerLine(recording)}\n`);
  console.log(`${name}: ${recording.story.operation.error}`);
}

/** Readable in a diff: an entry or packet per line. */
function oneEntryPerLine(recording: object): string {
  return JSON.stringify(recording).replaceAll(/\},\{"(id|protocol)":/g, '},\n{"$1":');
}
