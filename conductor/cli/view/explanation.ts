import { printable } from './text.ts';

/** An explanation as `GET …/why` gives it. */
export type WireExplanation = {
  readonly outcome: string;
  readonly known: readonly string[];
  readonly code: string | null;
  readonly title: string | null;
  readonly certainty: string | null;
  readonly cause: string | null;
  readonly evidence: readonly { readonly at: string | null; readonly message: string }[];
  readonly confirm: string | null;
  readonly fix: string | null;
  readonly page: string | null;
};

const HEADS: Readonly<Record<string, string>> = {
  unknown: 'Why is not known: nothing in the timeline fits a cause that ironpxe knows.',
  under_way: 'It is under way, and not late.',
  well: 'There is nothing to explain.',
};

const CERTAINTIES: Readonly<Record<string, string>> = {
  certain: 'certain',
  likely: 'likely',
  narrowed: 'one of these',
};

/** An explanation for people. */
export function formatExplanation(explanation: WireExplanation): string {
  const { outcome, known, code, title, certainty, cause, evidence, confirm, fix, page } =
    explanation;
  const facts = known.map((line) => `  ${printable(line)}\n`).join('');
  if (outcome !== 'explained') return `${HEADS[outcome] ?? outcome}\n${facts}`;
  const seen = evidence.map(
    ({ at, message }) =>
      `  ${at === null ? '—'.padEnd(12) : at.slice(11, 23)}  ${printable(message)}\n`,
  );
  return [
    `${title} [${code}]\n`,
    `${facts}\n`,
    `Cause (${CERTAINTIES[certainty ?? ''] ?? certainty}): ${printable(cause ?? '')}\n`,
    `Evidence:\n${seen.join('')}`,
    `To confirm:  ${confirm}\n`,
    `To mend:     ${fix}\n`,
    `More:        ${page}\n`,
  ].join('');
}
