import { open } from 'node:fs/promises';
import type { TimelineEntry } from '../../timeline/entry.ts';
import { HEAD_BYTES, kernelFault, ramdiskFault } from '../../why/bootFile.ts';

/**
 * Boot files of an operation that are not what they should be, by role. What cannot be read (the
 * files of an instance go with it) is left out.
 */
export async function badBootFiles(
  entries: readonly TimelineEntry[],
): Promise<Readonly<Record<string, string>>> {
  const files = entries
    .filter(({ kind }) => kind === 'boot_facts.changed')
    .flatMap(({ data }) => Object.entries({ ...Object(data['files']) }));
  const found = await Promise.all(
    new Map(files).entries().map(async ([role, path]) => {
      const head = await readHead(String(path)).catch(() => undefined);
      const fault = head && (role.endsWith('kernel') ? kernelFault(head) : ramdiskFault(head));
      return fault === undefined ? [] : [[role, fault] as const];
    }),
  );
  return Object.fromEntries(found.flat());
}

async function readHead(path: string): Promise<Uint8Array> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}
