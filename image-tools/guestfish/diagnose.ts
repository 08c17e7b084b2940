import { writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { ImageToolError } from '../errors/error.ts';
import { isMissingProgram } from '../process/ended.ts';
import type { SessionOptions } from './session.ts';

const TEST_TOOL_TIMEOUT_MS = 300_000;

/**
 * Runs libguestfs-test-tool as the failed session was run, keeps its output at `logPath`, and makes
 * the error that says what failed and where to look. @returns ImageToolError APPLIANCE_WILL_NOT_START
 */
export async function diagnose(
  failure: ImageToolError,
  session: SessionOptions,
  logPath: string,
): Promise<ImageToolError> {
  const output = await runTestTool(session);
  await writeFile(logPath, `${failure.message}\n\n${output}\n`);
  const reason = reasonIn(output) ?? failure.message;
  return new ImageToolError(
    'APPLIANCE_WILL_NOT_START',
    `The libguestfs appliance did not start, with KVM or without: ${reason} ` +
      `The output of libguestfs-test-tool is in ${logPath}.`,
    { cause: failure },
  );
}

async function runTestTool({ env, uid, gid }: SessionOptions): Promise<string> {
  const test = await execa('libguestfs-test-tool', [], {
    reject: false,
    all: true,
    env: { LC_ALL: 'C.UTF-8', ...env },
    timeout: TEST_TOOL_TIMEOUT_MS,
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  });
  if (isMissingProgram(test.code))
    return 'libguestfs-test-tool is not installed (package libguestfs-tools)';
  return test.all;
}

/** What stops an appliance, and the way out. The first that the output shows is told. */
const REASONS: readonly (readonly [sign: RegExp, wayOut: string])[] = [
  [
    /^supermin: failed to find a suitable kernel.*$/m,
    'Unset SUPERMIN_KERNEL and SUPERMIN_MODULES, or let them name a kernel and its modules.',
  ],
  [
    /^.*No space left on device.*$/m,
    'Free space for the cache of the appliance, or choose another with --cache.',
  ],
  [
    /^.*(?:Cannot allocate memory|cannot set up guest memory).*$/m,
    'The appliance needs 1.3 GB of memory: end other programs, or set LIBGUESTFS_MEMSIZE to 512.',
  ],
  [/^.*qemu-system-\S+: .*(?:not found|No such file).*$/m, 'Install the package qemu-system-x86.'],
  [/^libguestfs: error: .*$/m, ''],
];

/** The line that tells why libguestfs-test-tool failed, with a way out where one is known. */
export function reasonIn(output: string): string | undefined {
  for (const [sign, wayOut] of REASONS) {
    const line = sign.exec(output)?.[0];
    if (line !== undefined) return `"${line.trim()}". ${wayOut}`.trim();
  }
  return undefined;
}
