import { ERRORS } from '../../conductor/errors/table.ts';

/** The error table as a page. */
export function errorsPage(): string {
  const rows = Object.entries(ERRORS)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(
      ([code, { status, retry, cause, next }]) =>
        `| \`${code}\` | ${status} | ${retry ? 'yes' : 'no'} | ${cause} | ${next} |`,
    );
  return [
    '# Errors',
    '',
    'Generated from `conductor/errors/` by `npm run docs`. "Retry" says whether the same request may',
    'succeed later without any change.',
    '',
    '| code | HTTP | retry | what it means | what to do |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
