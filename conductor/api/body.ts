import type { FastifyInstance } from 'fastify';
import { IronpxeError } from '../errors/error.ts';

/** JSON deeper than this is refused, as Ironic does. */
export const MAX_DEPTH = 25;

/** Parses a body of any content type as JSON; empty is `undefined`. @throws IronpxeError BODY_MALFORMED */
export function parseBody(text: string): unknown {
  if (text.trim() === '') return undefined;
  const value = parseJson(text);
  checkShape(value);
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    throw new IronpxeError('BODY_MALFORMED', `The request body is not JSON: ${message}.`, {
      cause: error,
    });
  }
}

/** Walks level by level, so that depth costs no stack. `__proto__` would not survive being copied. */
function checkShape(root: unknown): void {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH)
      throw new IronpxeError(
        'BODY_MALFORMED',
        `The request body is nested deeper than ${MAX_DEPTH} levels.`,
      );
    level = level.flatMap(children);
  }
}

function children(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Object.hasOwn(value, '__proto__'))
    throw new IronpxeError('BODY_MALFORMED', 'The key __proto__ is not allowed in a body.');
  return Object.values(value);
}

/** Makes `app` read every body as JSON: clients send DELETE with application/octet-stream. */
export function parseBodiesAsJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseBody(String(body)));
    } catch (error) {
      done(error as Error);
    }
  });
}
