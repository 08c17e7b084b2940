import { writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { ImageToolError } from '../errors/error.ts';
import type { SessionOptions } from './session.ts';

const TEST_TOOL_TIMEOUT_MS = 300_000;

/**
 * Runs libguestfs-test-tool as the failed session was run, keeps its output at `logPath`, and makes
 * the error that says where to look. @returns ImageToolError APPLIANCE_WILL_NOT_START
 */
export async function diagnose(
  failure: ImageToolError,
  session: SessionOptions,
  logPath: string,
): Promise<ImageToolError> {
  const { env, uid, gid } = session;
  const test = await execa('libguestfs-test-tool', [], {
    reject: false,
    all: true,
    env: { LC_ALL: 'C.UTF-8', ...env },
    timeout: TEST_TOOL_TIMEOUT_MS,
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
  });
  const missing = test.code === 'ENOENT';
  const output = missing
    ? 'libguestfs-test-tool is not installed (package guestfs-tools)'
    : test.all;
  await writeFile(logPath, `${failure.message}\n\n${output}\n`);
  return new ImageToolError(
    'APPLIANCE_WILL_NOT_START',
    `The libguestfs appliance did not start, with KVM or without: ${failure.message} ` +
      `The output of libguestfs-test-tool is in ${logPath}.`,
    { cause: failure },
  );
}
