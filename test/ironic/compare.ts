import { isDeepStrictEqual } from 'node:util';

/** An answer without what differs between any two runs. */
export type Seen = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
};

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?/g;

/** Text without times and the address of the API. */
export function settledText(text: string, baseUrl: string): string {
  return text.replaceAll(baseUrl, '').replaceAll(TIME, '<time>');
}

/**
 * How two answers differ, a line each: the status, compared headers, and what well-answered bodies
 * hold. The texts of errors are each server's own.
 */
export function differences(theirs: Seen, ours: Seen): string[] {
  if (theirs.status !== ours.status) {
    const said = [theirs, ours].map(({ status, body }) => `${status} ${excerpt(body)}`);
    return [`status: ${said[0]} there, ${said[1]} here`];
  }
  // Ironic's router leaves them out of its own errors.
  const headers = Object.keys(theirs.headers).filter(
    (name) => theirs.headers[name] !== ours.headers[name],
  );
  return [
    ...headers.map(
      (name) => `header ${name}: ${theirs.headers[name]} there, ${ours.headers[name]} here`,
    ),
    ...(theirs.status < 400 ? valueDifferences(theirs.body, ours.body, '') : []),
  ];
}

/** The beginning of a body, for a message. */
function excerpt(body: unknown): string {
  const error = (body as { error_message?: string } | null)?.error_message;
  return short(error ?? body);
}

/** Sets, in an order that changes from one start of Ironic to the next. */
const UNORDERED = /\/enabled_\w+_interfaces$/;

function valueDifferences(theirs: unknown, ours: unknown, path: string): string[] {
  if (!UNORDERED.test(path)) return orderedDifferences(theirs, ours, path);
  return orderedDifferences(sorted(theirs), sorted(ours), path);
}

function sorted(value: unknown): unknown {
  return Array.isArray(value) ? value.map(String).sort() : value;
}

function orderedDifferences(theirs: unknown, ours: unknown, path: string): string[] {
  if (isDeepStrictEqual(theirs, ours)) return [];
  if (!isContainer(theirs) || !isContainer(ours) || Array.isArray(theirs) !== Array.isArray(ours))
    return [`${path}: ${short(theirs)} there, ${short(ours)} here`];
  const keys = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
  return keys.flatMap((key) => {
    const place = `${path}/${key}`;
    if (!Object.hasOwn(theirs, key)) return [`${place}: only here: ${short(ours[key])}`];
    if (!Object.hasOwn(ours, key)) return [`${place}: only there: ${short(theirs[key])}`];
    return valueDifferences(theirs[key], ours[key], place);
  });
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const MOST = 160;

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MOST ? `${text.slice(0, MOST)}…` : text;
}
