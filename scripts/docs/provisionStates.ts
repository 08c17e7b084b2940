import { STATES, transitions, VERBS } from '../../conductor/states/index.ts';

/** The state machine as a page: its states, its transitions, and a picture (Mermaid). */
export function provisionStatesPage(): string {
  const states = Object.entries(STATES).map(
    ([name, { kind, meaning }]) => `| ${name} | ${kind} | ${meaning} |`,
  );
  const rows = transitions().map(
    ({ from, event, to, target }) =>
      `| ${from} | ${isVerb(event) ? `**${event}**` : event} | ${to} | ${target ?? ''} |`,
  );
  return [
    '# Provision states',
    '',
    'Generated from `conductor/states/` by `npm run docs`. Bold events are verbs that a user asks for;',
    'the others are outcomes of the work of the conductor.',
    '',
    '| state | kind | meaning |',
    '|---|---|---|',
    ...states,
    '',
    '## Transitions',
    '',
    '| from | event | to | target |',
    '|---|---|---|---|',
    ...rows,
    '',
    '## Picture',
    '',
    '```mermaid',
    ...picture(),
    '```',
    '',
  ].join('\n');
}

function isVerb(event: string): boolean {
  return (VERBS as readonly string[]).includes(event);
}

function picture(): string[] {
  const id = (state: string) => state.replaceAll(/[ -]/g, '_');
  return [
    'stateDiagram-v2',
    ...Object.keys(STATES).map((state) => `  state "${state}" as ${id(state)}`),
    '  [*] --> enroll',
    ...transitions().map(({ from, event, to }) => `  ${id(from)} --> ${id(to)}: ${event}`),
  ];
}
