import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { hasImageCode, ImageToolError } from '../errors/error.ts';
import { applianceKernelEnv } from './applianceKernel.ts';
import { diagnose } from './diagnose.ts';
import { GuestfishSession, type SessionOptions } from './session.ts';
import { chooseUser } from './user.ts';

/** A disk for the appliance: a raw file of the host. */
export type ApplianceDisk = { readonly path: string; readonly readOnly?: boolean };

export type LaunchOptions = {
  readonly disks: readonly ApplianceDisk[];
  /** Folder for files that go in and out; made over to the user that libguestfs runs as. */
  readonly workDir: string;
  readonly cacheDir: string;
  /** Where the output of libguestfs-test-tool is kept when nothing helps. */
  readonly logPath: string;
  readonly signal?: AbortSignal | undefined;
};

/** KVM either works at once or may hang; emulation is slow but sure. */
const KVM_LAUNCH_TIMEOUT_MS = 45_000;
const TCG_LAUNCH_TIMEOUT_MS = 400_000;

/**
 * Starts one libguestfs appliance with `disks` as /dev/sda, /dev/sdb, …: with KVM if it works, else
 * under emulation, which is remembered until the host's kernel changes.
 * @throws ImageToolError APPLIANCE_WILL_NOT_START, APPLIANCE_KERNEL_MISSING, PROGRAM_MISSING
 */
export async function launchAppliance(options: LaunchOptions): Promise<GuestfishSession> {
  const session = await sessionOptions(options);
  const memory = join(options.cacheDir, 'kvm-does-not-work');
  const forceTcg = (await readFile(memory, 'utf8').catch(() => '')) === release();
  if (!forceTcg) {
    const started = await tryLaunch(session, options, KVM_LAUNCH_TIMEOUT_MS);
    if (started instanceof GuestfishSession) return started;
  }
  const tcg = { ...session, env: { ...session.env, ...emulation() } };
  const started = await tryLaunch(tcg, options, TCG_LAUNCH_TIMEOUT_MS);
  if (!(started instanceof GuestfishSession)) throw await diagnose(started, tcg, options.logPath);
  if (!forceTcg) await writeFile(memory, release());
  return started;
}

/**
 * For the kernel of an emulated appliance. What protects a real processor from leaks an emulated one has
 * no use for, and deep page tables, guarded access and large registers cost it at every step: without
 * them a launch takes a quarter less. Without ACPI there are fewer devices for udev to look at; without
 * a driver for the clock nothing waits for its next second (hwclock). It has one processor: with a
 * second one a launch took a twelfth less, and one of some sixty hung with a processor of the guest
 * spinning (QEMU 7.2).
 */
const EMULATED_KERNEL =
  'mitigations=off no5lvl nosmap nosmep noxsave acpi=off initcall_blacklist=cmos_init';

/** The environment for an emulated appliance. */
export function emulation(): Record<string, string> {
  const append = `${EMULATED_KERNEL} ${process.env['LIBGUESTFS_APPEND'] ?? ''}`.trim();
  return { LIBGUESTFS_BACKEND_SETTINGS: 'force_tcg', LIBGUESTFS_APPEND: append };
}

async function sessionOptions(options: LaunchOptions): Promise<SessionOptions> {
  const { workDir, cacheDir, disks, signal } = options;
  await mkdir(cacheDir, { recursive: true });
  const user = await chooseUser(workDir);
  // supermin does not notice another kernel: each kind has an appliance of its own.
  const own = join(cacheDir, `quick-guestfs-${user.uid}`);
  await mkdir(own, { recursive: true, mode: 0o700 });
  if (process.getuid?.() === 0) {
    for (const path of [own, ...disks.map((disk) => disk.path)])
      await chown(path, user.uid, user.gid);
  }
  const env = {
    ...(await applianceKernelEnv(cacheDir)),
    LIBGUESTFS_BACKEND: 'direct',
    LIBGUESTFS_CACHEDIR: own,
    // What a killed run leaves there, the next one removes.
    TMPDIR: workDir,
    HOME: own,
  };
  return { env, ...(process.getuid?.() === 0 && user), signal };
}

async function tryLaunch(
  session: SessionOptions,
  options: LaunchOptions,
  timeoutMs: number,
): Promise<GuestfishSession | ImageToolError> {
  const guestfish = new GuestfishSession(session);
  try {
    for (const { path, readOnly = false } of options.disks) {
      const how = ['format:raw', `readonly:${readOnly}`, 'cachemode:unsafe'];
      await guestfish.command('add-drive', [path, ...how]);
    }
    await guestfish.command('launch', [], timeoutMs);
    return guestfish;
  } catch (error) {
    await guestfish[Symbol.asyncDispose]();
    options.signal?.throwIfAborted();
    if (hasImageCode(error, 'GUEST_COMMAND_FAILED', 'PROGRAM_TIMED_OUT', 'PROGRAM_FAILED'))
      return error;
    throw error;
  }
}
