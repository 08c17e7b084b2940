import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { IronpxeError } from '../errors/error.ts';
import { MIN_MINOR } from './gates.ts';
import { versionHeaders } from './versions.ts';

/**
 * The body of an error: a JSON object whose `error_message` is itself JSON text, as Ironic's
 * clients expect it (double-encoded). Our code and next step stand beside Ironic's keys.
 */
export function errorBody(error: IronpxeError): { readonly error_message: string } {
  const inner = {
    faultcode: error.row.status < 500 ? 'Client' : 'Server',
    faultstring: error.message,
    debuginfo: null,
    ironpxe_code: error.code,
    ironpxe_next: error.row.next,
  };
  return { error_message: JSON.stringify(inner) };
}

/** Answers any error; what is no {@link IronpxeError} is logged and answered without internals. */
export function replyError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const known = toKnown(error, request);
  if (known.code === 'INTERNAL') request.log.error({ err: error }, 'request failed');
  return reply
    .status(known.row.status)
    .headers(versionHeaders(request.minor || MIN_MINOR))
    .type('application/json')
    .send(JSON.stringify(errorBody(known)));
}

function toKnown(error: unknown, request: FastifyRequest): IronpxeError {
  if (error instanceof IronpxeError) return error;
  const { statusCode, message } = error as Partial<FastifyError>;
  if (statusCode === 413)
    return new IronpxeError(
      'BODY_TOO_LARGE',
      'Request entity too large: the body is over the limit.',
    );
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new IronpxeError('INVALID_REQUEST', message ?? 'The request is malformed.');
  return new IronpxeError(
    'INTERNAL',
    `The conductor failed on request ${request.id}; its log tells more.`,
  );
}

/** Answers a path that nothing serves. */
export function replyNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const text = `${request.method} ${request.url.split('?')[0]} was not found.`;
  return replyError(new IronpxeError('RESOURCE_NOT_FOUND', text), request, reply);
}
