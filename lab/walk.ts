import { join } from 'node:path';
import { GIB, formatBytes, MIB } from '../conductor/values/units.ts';
import { chooseAccelerator } from './accelerator.ts';
import type { Api } from './api.ts';
import { checkDiskSpace, checkMemory, checkQemu, checkRoot } from './checks.ts';
import { startConductor } from './conductor.ts';
import { deploy, enroll } from './deploy.ts';
import { createHardware, type Hardware, type HardwareNode } from './hardware.ts';
import { milestones } from './milestones.ts';
import type { LabOptions } from './options.ts';
import { formatSeconds } from './progress.ts';
import { buildRamdisk, type Ramdisk } from './ramdisk.ts';
import { createStory, stageTable, type DeployResult } from './story.ts';
import type { View } from './view.ts';
import { type Wanted, wantedImage } from './wanted.ts';

/** How long a user's own image may take to show a login prompt; it may have none. */
const LOGIN_TIMEOUT_MS = 300_000;

/**
 * `lab up`: builds everything, deploys all nodes at once, and shows it, down to the login prompts.
 * The lab stands afterwards, also after a failed deploy; only `signal` takes it down.
 * @throws LabFault
 */
export async function walk(options: LabOptions, view: View, signal: AbortSignal): Promise<void> {
  await checks(options);
  const stage = stages(view);
  const ramdisk = await stage('deploy ramdisk', (say) =>
    buildRamdisk(options.cacheDir, say, signal),
  );
  const wanted = await stage('user image', (say) => wantedImage(options, say, signal));
  const hardware = await stage('machines', (say) => machines(options, ramdisk, say, signal));
  try {
    const { api } = await stage('conductor', () =>
      startConductor(hardware, {
        deployKernel: ramdisk.kernelPath,
        deployRamdisk: ramdisk.ramdiskPath,
        imageFolders: wanted.folders,
        ipxe: !options.pxelinux,
        signal,
      }),
    );
    for (const [name, image] of Object.entries(wanted.images))
      await api.put(`/v1/images/${name}`, image);
    const results = await deployAll(api, hardware, wanted, view, signal);
    await hardware.release();
    summary(results, wanted, options, view);
  } catch (error) {
    if (signal.aborted) await hardware[Symbol.asyncDispose]();
    else await hardware.release();
    throw error;
  }
}

async function checks(options: LabOptions): Promise<void> {
  checkRoot();
  checkMemory(options.nodes, options.memoryMib);
  await checkQemu();
  // The build of the user image, and what each machine's disk gets written.
  await checkDiskSpace(options.cacheDir, GIB + options.nodes * 512 * MIB);
}

type Say = (text: string) => void;
type Stage = <T>(title: string, work: (say: Say) => Promise<T>) => Promise<T>;

function stages(view: View): Stage {
  return async (title, work) => {
    const startedMs = performance.now();
    const say = (text: string): void => view.live(title, `${' '.repeat(14)}${title}: ${text}`);
    try {
      const result = await work(say);
      view.line(`${title} ready (${formatSeconds(performance.now() - startedMs)})`);
      return result;
    } finally {
      view.live(title, undefined);
    }
  };
}

async function machines(
  options: LabOptions,
  ramdisk: Ramdisk,
  say: Say,
  signal: AbortSignal,
): Promise<Hardware> {
  const { name, stateDir, cacheDir, nodes, memoryMib, diskBytes } = options;
  say('looking whether KVM works');
  const cacheFile = join(cacheDir, 'accelerator.json');
  const kernelPath = ramdisk.kernelPath;
  const accelerator = await chooseAccelerator({ kernelPath, cacheFile, signal });
  say('network namespace, sshd, libvirtd');
  const libvirtCacheDir = join(cacheDir, 'libvirt');
  const size = { nodes, memoryMib, diskBytes, accelerator, libvirtCacheDir };
  return createHardware({ name, stateDir, ...size });
}

async function deployAll(
  api: Api,
  hardware: Hardware,
  wanted: Wanted,
  view: View,
  signal: AbortSignal,
): Promise<readonly DeployResult[]> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  try {
    return await Promise.all(
      hardware.nodes.map((node) => deployOne(api, node, wanted, view, both)),
    );
  } finally {
    // One that failed must not leave the others talking.
    stop.abort();
  }
}

async function deployOne(
  api: Api,
  node: HardwareNode,
  wanted: Wanted,
  view: View,
  signal: AbortSignal,
): Promise<DeployResult> {
  const say = (text: string): void => view.line(`${node.name}  ${text}`);
  const uuid = await enroll(api, node, signal);
  say(`enrolled as ${uuid}`);
  const story = createStory(node.name);
  const stopListening = new AbortController();
  const login = listen(node, say, AbortSignal.any([signal, stopListening.signal]));
  try {
    for await (const entry of deploy(api, uuid, wanted.instanceInfo, signal)) {
      const { line, live } = story.take(entry);
      if (line !== undefined) say(line);
      if (live !== undefined) view.live(node.name, `${' '.repeat(14)}${node.name}  ${live}`);
      if (entry.kind === 'write.done') view.live(node.name, undefined);
    }
    say('active');
    const timer = setTimeout(() => stopListening.abort(), LOGIN_TIMEOUT_MS);
    const loginAtMs = await login.finally(() => clearTimeout(timer));
    return story.result(loginAtMs);
  } finally {
    view.live(node.name, undefined);
    stopListening.abort();
  }
}

/** Tells what the machine says on its serial port; ends at its login prompt with the time of it. */
async function listen(
  node: HardwareNode,
  say: Say,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    for await (const { text, login } of milestones(node.serialLogPath, { signal })) {
      say(`· ${text}`);
      if (login) return Date.now();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return undefined;
}

function summary(
  results: readonly DeployResult[],
  { loginHint }: Wanted,
  { name }: LabOptions,
  view: View,
): void {
  const option = name === 'default' ? '' : ` --name ${name}`;
  view.plain('');
  for (const result of results) {
    view.plain(result.node);
    for (const row of stageTable(result)) view.plain(`  ${row}`);
    const { powerOnToLoginMs: ms, sentBytes } = result;
    const login = ms === undefined ? 'no login prompt was seen' : formatSeconds(ms);
    view.plain(`  power-on to login prompt: ${login}; ${formatBytes(sentBytes)} sent over iSCSI`);
  }
  view.plain('');
  view.plain(`Log in:   npm run lab -- console node-1${option}   (leave with Ctrl-]${loginHint})`);
  view.plain(`Look:     npm run lab -- status${option}`);
  view.plain(`Stop:     npm run lab -- down${option}`);
}
