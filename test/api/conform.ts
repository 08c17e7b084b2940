import { z } from 'zod';
import { canonicalUrl } from '../../conductor/api/build.ts';
import { openApiDocument } from '../../conductor/api/openapi/document.ts';
import { endpoints } from '../../conductor/api/resource.ts';
import { resources } from '../../conductor/api/resources.ts';

type Json = Record<string, unknown>;
type Content = { readonly content?: { readonly 'application/json': { readonly schema: Json } } };
type Operation = {
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
};

const ABOUT = { version: '0', configDigest: '', startedAt: new Date() };
const RESOURCES = resources(ABOUT);

/** The document as clients get it: through JSON. */
export const DOCUMENT = JSON.parse(JSON.stringify(openApiDocument(RESOURCES, '0'))) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Json };
};

/** Routes that name most first, as a router prefers them. */
const ROUTES = endpoints(RESOURCES)
  .map(({ path, method }) => ({
    method,
    open: path.replaceAll(/:(\w+)/g, '{$1}'),
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`),
  }))
  .toSorted((a, b) => a.open.split('{').length - b.open.split('{').length);

/** The operation that serves a request, if any does. */
function operationOf(method: string, url: string): Operation | undefined {
  const path = canonicalUrl(url).split('?')[0] ?? '';
  const route = ROUTES.find((row) => row.method === method && row.pattern.test(path));
  return route && DOCUMENT.paths[route.open]?.[method.toLowerCase()];
}

const compiled = new Map<Json, z.ZodType>();

/** A schema of the document as something that checks, with what it refers to. */
function checker(schema: Json): z.ZodType {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const text = JSON.stringify({ ...schema, $defs: DOCUMENT.components.schemas });
  const made = z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')));
  compiled.set(schema, made);
  return made;
}

function faults(content: Content | undefined, value: unknown): string | undefined {
  const schema = content?.content?.['application/json'].schema;
  if (schema === undefined) return value === undefined ? undefined : 'a body is not documented';
  const { error } = checker(schema).safeParse(value);
  return error && z.prettifyError(error);
}

/**
 * Says how a request and its answer differ from the OpenAPI document, or nothing. Requests count
 * only when they were accepted.
 */
export function contradiction(
  request: { readonly method: string; readonly url: string; readonly body: unknown },
  reply: { readonly status: number; readonly text: string },
): string | undefined {
  const operation = operationOf(request.method, request.url);
  if (operation === undefined) return reply.status < 400 ? 'it is not documented' : undefined;
  const response = operation.responses[reply.status];
  if (response === undefined && reply.status < 400)
    return `status ${reply.status} is not documented`;
  const value = reply.text === '' ? undefined : (JSON.parse(reply.text) as unknown);
  const inAnswer = faults(response ?? operation.responses.default, value);
  if (inAnswer !== undefined) return `the answer: ${inAnswer}`;
  if (reply.status >= 400 || operation.requestBody === undefined) return undefined;
  const sent = typeof request.body === 'string' ? parsed(request.body) : request.body;
  if (sent === undefined) return undefined;
  const inRequest = faults(operation.requestBody, sent);
  return inRequest && `the request: ${inRequest}`;
}

function parsed(text: string): unknown {
  return text.trim() === '' ? undefined : (JSON.parse(text) as unknown);
}
