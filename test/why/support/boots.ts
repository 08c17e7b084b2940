import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetbootRecording } from '../../../conductor/record/recording.ts';
import type { BootStory } from '../../../conductor/why/boot.ts';

const FOLDER = join(import.meta.dirname, '../../vectors/boots');

/** A recorded boot: what it is, and the code that explains it (`null`: none does). */
export type RecordedBoot = {
  readonly name: string;
  readonly code: string | null;
  readonly story: BootStory;
  readonly netboot: NetbootRecording;
};

function read(file: string): RecordedBoot {
  const { code, story, netboot } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8'));
  return {
    name: file.replace('.json', ''),
    code,
    netboot,
    story: { ...story, usual: new Map(story.usual) },
  };
}

/** Every recorded boot. */
export const BOOTS: readonly RecordedBoot[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map(read);

/** Those that ended well: of real firmware on virtual machines. */
export const GOOD_BOOTS = BOOTS.filter(({ story }) => story.operation.status === 'done');

/** The story of the same boot, hanging since entry `count`, looked at so many seconds later. */
export function cutAfter(story: BootStory, count: number, seconds: number): BootStory {
  const entries = story.entries.slice(0, count);
  const nowMs = Date.parse(entries.at(-1)?.at ?? '') + seconds * 1000;
  return {
    ...story,
    operation: { verb: 'deploy', status: 'running', error: null },
    entries,
    nowMs,
  };
}
