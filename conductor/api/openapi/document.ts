import { z } from 'zod';
import type { JsonObject } from '../../store/types.ts';
import { MIN_MINOR } from '../gates.ts';
import { type Endpoint, endpoints, type Resource } from '../resource.ts';
import { bool } from '../schemas.ts';
import { MAX_VERSION } from '../versions.ts';
import { ANSWERS, type AnswerName } from './answers.ts';
import { type Operation, OPERATIONS } from './operations.ts';

/** `GET /openapi.json`: the API as OpenAPI 3.1, from the schemas that check requests. */
export function openApiDocument(resources: readonly Resource[], version: string): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const { path, method, endpoint } of endpoints(resources)) {
    const place = (paths[openPath(path)] ??= { parameters: pathParameters(path) });
    place[method.toLowerCase()] = describe(path, method, endpoint);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: "OpenStack Ironic's REST API as ironpxe speaks it",
      version,
      description: `Microversions 1.${MIN_MINOR} to ${MAX_VERSION}; every answer of an error is an Error.`,
    },
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(ANSWERS).map(([name, schema]) => [name, jsonSchema(schema, 'output')]),
      ),
    },
  };
}

/** `/nodes/:ident` as OpenAPI writes it. */
function openPath(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

const TEXT = { type: 'string' } as const;

function pathParameters(path: string): JsonObject[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: TEXT,
  }));
}

function describe(path: string, method: string, endpoint: Endpoint): JsonObject {
  const operation = OPERATIONS[`${method} ${path}`];
  if (operation === undefined) throw new Error(`${method} ${path} has no row in OPERATIONS.`);
  const { body, query = [], status } = operation;
  return {
    summary: endpoint.what,
    'x-since': `1.${endpoint.since ?? MIN_MINOR}`,
    parameters: [
      { name: 'X-OpenStack-Ironic-API-Version', in: 'header', schema: TEXT },
      ...query.map((name) => ({ name, in: 'query', schema: TEXT })),
    ],
    ...(body !== undefined && {
      requestBody: { content: { 'application/json': { schema: jsonSchema(body, 'input') } } },
    }),
    responses: {
      [status]: { description: 'Done, or begun.', ...content(operation) },
      // Vendor methods that go on in the background are answered so.
      ...(operation.answer === 'Any' && { 202: { description: 'Begun.' } }),
      default: { description: 'Refused, or failed.', ...contentOf(reference('Error')) },
    },
  };
}

function content({ answer, list }: Operation): JsonObject {
  if (list !== undefined) {
    const [name, of] = list;
    return contentOf({
      type: 'object',
      properties: { [name]: { type: 'array', items: reference(of) }, next: TEXT },
      required: [name],
      additionalProperties: false,
    });
  }
  if (answer === undefined) return {};
  return contentOf(typeof answer === 'string' ? reference(answer) : jsonSchema(answer, 'output'));
}

function contentOf(schema: JsonObject): JsonObject {
  return { content: { 'application/json': { schema } } };
}

function reference(name: AnswerName): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** What a schema takes (`input`) or gives. What JSON Schema cannot say is checked all the same. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema: made }) {
      // Booleans are also taken as words and numbers.
      if (Object.is(zodSchema, bool)) made.type = ['boolean', 'string', 'number'];
    },
  });
  return rest;
}
