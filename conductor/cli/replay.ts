import { IronpxeError } from '../errors/error.ts';
import { loadTemplates } from '../netboot/templates/load.ts';
import { RECORDING_FORMAT } from '../record/recording.ts';
import type { NetbootRecording } from '../record/recording.ts';
import { replay as decideAgain } from '../record/replay.ts';
import type { BootStory } from '../why/boot.ts';
import { explainBoot } from '../why/explain.ts';
import type { Command, Invocation } from './command.ts';
import { EXIT } from './exitCodes.ts';
import { readText, requiredArg } from './node/common.ts';
import { formatExplanation } from './view/explanation.ts';
import { formatTable } from './view/text.ts';

/** `ironpxe replay` */
export const replay: Command = {
  name: 'replay',
  summary: 'Decide about a recorded boot again, and show what differs',
  args: ['FILE'],
  options: {},
  text: `Feeds the packets of a file of "ironpxe record" to this version's deciders, with the recorded
clock and grounds, and explains its events again. No network and no conductor is used. The exit
status is 1 when an answer differs from the recorded one.`,
  examples: ['ironpxe replay boot.json', 'ironpxe replay boot.json --json'],
  run: play,
};

type Recording = {
  readonly format: unknown;
  readonly netboot: NetbootRecording;
  readonly story: (Omit<BootStory, 'usual'> & { readonly usual: [string, never][] }) | null;
};

async function play(invocation: Invocation): Promise<number> {
  const { io, json } = invocation;
  const path = requiredArg(invocation, 0, 'FILE');
  const { netboot, story } = parse(await readText(path, 'FILE'), path);
  const results = await decideAgain(netboot, await loadTemplates());
  const why = story && explainBoot({ ...story, usual: new Map(story.usual) });
  const different = results.filter(({ difference }) => difference !== undefined);
  if (json) io.out(`${JSON.stringify({ packets: results, different: different.length, why })}\n`);
  else {
    const rows = results.map(({ atMs, what, difference }) => [
      new Date(atMs).toISOString().slice(11, 23),
      difference === undefined ? 'same' : 'DIFFERENT',
      what,
    ]);
    io.out(formatTable(rows));
    for (const { what, difference } of different) io.out(`\n${what}\n  ${difference}\n`);
    io.out(`${results.length} packets decided again, ${different.length} differently.\n`);
    if (why) io.out(`\n${formatExplanation(why)}`);
  }
  return different.length === 0 ? EXIT.ok.status : EXIT.failed.status;
}

/** The parts of a recording. @throws IronpxeError CLI_USAGE */
function parse(text: string, path: string): Recording {
  let value: Partial<Recording> | null = null;
  try {
    value = JSON.parse(text) as Partial<Recording> | null;
  } catch {
    // Said below, as for any other file that is no recording.
  }
  if (value?.format !== RECORDING_FORMAT || !Array.isArray(value.netboot?.packets))
    throw new IronpxeError(
      'CLI_USAGE',
      `${path} is no recording of "ironpxe record": expected the format ${RECORDING_FORMAT}.`,
    );
  return value as Recording;
}
