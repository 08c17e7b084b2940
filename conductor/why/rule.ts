import type { TimelineEntry } from '../timeline/entry.ts';
import type { Boot } from './boot.ts';

/** A line of evidence: an entry of the timeline, or that something is not in it. */
export type Evidence = TimelineEntry | string;

/** What a rule found: its evidence, and words for the placeholders of its texts. */
export type Finding = {
  readonly evidence: readonly (Evidence | undefined)[];
  readonly words?: Readonly<Record<string, string>>;
};

/**
 * `certain`: the timeline shows the cause. `likely`: it fits, and what else would fit is rarer.
 * `narrowed`: what happened is certain, and the cause is one of those that are named.
 */
export type Certainty = 'certain' | 'likely' | 'narrowed';

/** One reason why a machine did not boot, or was not deployed. */
export type Rule = {
  /** Stable; its section of docs/reference/why.md. */
  readonly code: string;
  readonly title: string;
  readonly certainty: Certainty;
  /** What the timeline must show, in words. */
  readonly pattern: string;
  /** The cause, in one or two sentences. `{word}` stands for what was found. */
  readonly cause: string;
  /** A command that confirms it. */
  readonly confirm: string;
  /** A command, or a deed, that mends it. */
  readonly fix: string;
  /** Where the machine must have come to; any place when absent. */
  readonly places?: readonly string[];
  readonly find: (boot: Boot) => Finding | undefined;
};
