import { RECORDING_FORMAT } from '../../record/recording.ts';
import { redact } from '../../record/redact.ts';
import type { Answer, Call } from '../resource.ts';
import { storyToRecord } from './boot.ts';
import { nodeOfPath } from './ident.ts';

/** `GET /v1/nodes/{ident}/recording`: packets and events of the last boot, without secrets. */
export async function showRecording(call: Call): Promise<Answer> {
  const node = await nodeOfPath(call);
  const story = await storyToRecord(call.database, node);
  const fromMs = story && Date.parse(story.entries[0]?.at ?? '');
  const netboot = call.recordingOf?.(node.uuid, fromMs) ?? { options: null, packets: [] };
  const body = {
    format: RECORDING_FORMAT,
    made_at: new Date().toISOString(),
    node: { uuid: node.uuid, name: node.name, driver: node.driver },
    netboot,
    story: story === undefined ? null : redact(story),
  };
  return { status: 200, body };
}
