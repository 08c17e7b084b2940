// Makes the recordings real-*.json and ok-*-server.json of test/vectors/boots anew, each a boot of a
// real virtual machine that fails, or does not: sh test/boot/recordFaults.sh [NAME…]. Needs root; some
// minutes each. Prints what `why` says, and ends with 1 where that is not the fault.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deploy as startDeploy, enroll } from '../../lab/deploy.ts';
import type { Explanation } from '../../conductor/why/explain.ts';
import { makeBootLab } from './bootLab.ts';
import type { HardwareNode } from '../../lab/hardware.ts';
import { waitForSerial } from '../../lab/serial.ts';
import { LOGIN_PROMPT } from '../../lab/userImage.ts';
import { FAULTS, type Fault, GOOD_WAYS } from './faults.ts';

const TOP = join(import.meta.dirname, '../..');
const FOLDER = join(TOP, 'test/vectors/boots');
const AT_ONCE = 4;
/** Short enough to wait for, and long enough for a machine in software. */
const POWER = { pxe_timeout_seconds: 60 };
const CALLBACK_TIMEOUT_SECONDS = 180;

/** Lets a deploy fail. @returns the recording as JSON, and what `why` makes of it */
async function provoke(name: string, fault: Fault): Promise<{ text: string; why: Explanation }> {
  const signal = AbortSignal.timeout(10 * 60_000);
  const { firmware = 'bios', power = 'virsh', beside = 'server', deployKernel } = fault;
  const deploy = {
    callback_timeout_seconds: CALLBACK_TIMEOUT_SECONDS,
    power_timeout_seconds: fault.powerTimeoutSeconds ?? 120,
  };
  await using lab = await makeBootLab({ dhcp: beside, power }, [firmware], signal, {
    name,
    sections: { power: POWER, deploy },
    ...(deployKernel !== undefined && { deployKernel }),
  });
  const [node] = lab.nodes;
  if (node === undefined) throw new Error('no machine');
  const driverInfo = { ...node.driverInfo, ...fault.driverInfo };
  const uuid = await enroll(lab.api, { ...node, driverInfo }, signal);
  await fault.spoil?.(lab);
  const ended = await Array.fromAsync(startDeploy(lab.api, uuid, lab.instanceInfo, signal)).then(
    () => 'well',
    String,
  );
  if (fault.code !== null && ended === 'well') throw new Error(`${name} is deployed`);
  if (fault.code === null) await untilLogin(node, ended);
  const why = await lab.api.get<Explanation>(`/v1/nodes/${uuid}/why`);
  const recording = await lab.api.get<object>(`/v1/nodes/${uuid}/recording`);
  const about = `on a real virtual machine: ${fault.made}`;
  const text = JSON.stringify({ about, code: fault.code, ...recording });
  return { text: text.replaceAll(TOP, '/var/lib/ironpxe'), why };
}

/** What a machine does up to the login prompt of its own system belongs to a boot that goes well. */
async function untilLogin(node: HardwareNode, ended: string): Promise<void> {
  if (ended !== 'well') throw new Error(ended);
  await waitForSerial(node.serialLogPath, LOGIN_PROMPT, { timeoutMs: 300_000 });
}

/** Provokes one fault and keeps its recording. */
async function record(name: string, fault: Fault): Promise<void> {
  const { text, why } = await provoke(name, fault);
  // Readable in a diff: an entry or packet per line.
  const lines = text.replaceAll(/\},\{"(id|protocol)":/g, '},\n{"$1":');
  await writeFile(join(FOLDER, `${name}.json`), `${lines}\n`);
  const good = why.code === fault.code;
  if (!good) process.exitCode = 1;
  console.log(`${good ? 'right' : 'WRONG'}  ${name.padEnd(26)} ${why.code}: ${why.cause}`);
}

const wanted = process.argv.slice(2);
const queue = Object.entries({ ...FAULTS, ...GOOD_WAYS }).filter(
  ([name]) => wanted.length === 0 || wanted.includes(name),
);
async function work(): Promise<void> {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [name, fault] = next;
    await record(name, fault).catch((error: unknown) => {
      process.exitCode = 1;
      console.log(`failed ${name}: ${String(error)}`);
    });
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, work));
process.exit();
