import type { TimelineEntry } from '../timeline/entry.ts';
import { durationMs } from '../timeline/phases.ts';
import { isStuck, readBoot, type Boot, type BootStory } from './boot.ts';
import { RULES } from './rules.ts';
import type { Certainty, Evidence, Finding, Rule } from './rule.ts';

/** What the timeline of a machine says about its last boot. */
export type Explanation = {
  /**
   * `explained`, `unknown`: it failed or hangs, with or without a cause that fits. `under_way`,
   * `well`: there is nothing to explain.
   */
  readonly outcome: 'explained' | 'unknown' | 'under_way' | 'well';
  /** What is certain, a sentence each. */
  readonly known: readonly string[];
  readonly code: string | null;
  readonly title: string | null;
  readonly certainty: Certainty | null;
  readonly cause: string | null;
  readonly evidence: readonly EvidenceLine[];
  readonly confirm: string | null;
  readonly fix: string | null;
  /** The section that explains the code. */
  readonly page: string | null;
};

/** An entry of the timeline, or (without `id`) something that is not in it. */
export type EvidenceLine = {
  readonly id: number | null;
  readonly at: string | null;
  readonly kind: string | null;
  readonly message: string;
};

/**
 * Explains the last boot of a machine by the first rule whose pattern fits. Pure. What still may go
 * on by itself is `under_way`; what no rule fits is `unknown`, with what is known.
 */
export function explainBoot(story: BootStory): Explanation {
  const boot = readBoot(story);
  const known = knownOf(boot);
  if (story.operation.status === 'done') return without('well', known);
  if (story.operation.status === 'cancelled') return without('well', known);
  if (!isStuck(boot)) return without('under_way', known);
  for (const rule of RULES) {
    const finding = applies(rule, boot);
    if (finding !== undefined) return explained(rule, finding, boot, known);
  }
  return without('unknown', known);
}

/** What a rule finds, if the machine came to where the rule looks. */
export function applies(rule: Rule, boot: Boot): Finding | undefined {
  if (rule.places !== undefined && !rule.places.includes(boot.place)) return undefined;
  return rule.find(boot);
}

function without(outcome: Explanation['outcome'], known: readonly string[]): Explanation {
  const nothing = { code: null, title: null, certainty: null, cause: null };
  return { outcome, known, ...nothing, evidence: [], confirm: null, fix: null, page: null };
}

function explained(
  rule: Rule,
  { evidence, words = {} }: Finding,
  { node }: Boot,
  known: readonly string[],
): Explanation {
  const { code, title, certainty } = rule;
  const fill = (text: string): string =>
    text.replaceAll(
      /\{(\w+)\}/g,
      (_, word: string) => ({ node: node.name, ...words })[word] ?? '?',
    );
  return {
    outcome: 'explained',
    known,
    code,
    title,
    certainty,
    cause: fill(rule.cause),
    evidence: evidence.flatMap((line) => (line === undefined ? [] : [toLine(line)])),
    confirm: fill(rule.confirm),
    fix: fill(rule.fix),
    page: `docs/reference/why.md#${code.toLowerCase()}`,
  };
}

function toLine(line: Evidence): EvidenceLine {
  if (typeof line === 'string') return { id: null, at: null, kind: null, message: line };
  const { id, at, kind, message }: TimelineEntry = line;
  return { id, at, kind, message };
}

/** How the operation stands, how far the machine came, and what it fetched. */
function knownOf({ operation, phases, transfers, since, isUserBoot }: Boot): readonly string[] {
  const last = phases.at(-1);
  const tookMs = last && durationMs(last);
  const took = tookMs === undefined ? '' : ` (for ${Math.round(tookMs / 1000)} s)`;
  const done = transfers.filter(({ status }) => status === 'done').map(({ file }) => nameOf(file));
  return [
    `The ${operation.verb} ${STATUS_WORDS[operation.status] ?? operation.status}.`,
    ...(operation.error === null ? [] : [operation.error]),
    ...(last === undefined ? [] : [`It came as far as: ${last.title}${took}.`]),
    ...(since.length > 0 && done.length > 0
      ? [
          `Fetched ${isUserBoot ? 'for its own system' : ''}: ${done.join(', ')}.`.replace(
            ' :',
            ':',
          ),
        ]
      : []),
  ];
}

/** A boot file's name for people: without the node's UUID, which they know. */
function nameOf(file: string): string {
  return file.replace(/^\/?[\da-f-]{36}\//, '');
}

const STATUS_WORDS: Readonly<Record<string, string>> = {
  running: 'is under way',
  failing: 'failed and is being cleaned up',
  failed: 'failed',
  done: 'ended well',
  cancelled: 'was ended by another request',
};
