import { RULES } from '../../conductor/why/rules.ts';
import type { Rule } from '../../conductor/why/rule.ts';

const INTRODUCTION = `# Why a machine did not boot

Generated from \`conductor/why\` by \`npm run docs\`; do not edit.

\`ironpxe node why NODE\` and \`GET /v1/nodes/{node}/why\` read the timeline of the last deploy (or clean,
inspection …) and name the first of these causes whose pattern fits, with the entries that show it. They
are tried in this order: what a machine came to last proves that everything before it worked. Where
none fits the answer is "unknown". What still may go on by itself is "under way": each phase has a
time, learned from earlier boots, before it counts as stuck.

- **certain**: the timeline shows the cause.
- **likely**: it fits, and what else would fit is rarer.
- **narrowed**: what happened is certain, and the cause is one of those that are named.

Words in braces stand for what was found.
`;

/** docs/reference/why.md */
export function whyPage(): string {
  return [INTRODUCTION, ...RULES.map(section)].join('\n');
}

function section({ code, title, certainty, pattern, cause, confirm, fix }: Rule): string {
  return `## ${code}

${title} (${certainty}).

- Pattern: ${pattern}
- Cause: ${cause}
- To confirm: ${confirm}
- To mend: ${fix}
`;
}
