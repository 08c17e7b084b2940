import { z } from 'zod';
import { IronpxeError } from '../../errors/error.ts';
import { tryParseMac } from '../../values/mac.ts';
import { isUuid } from '../../values/uuid.ts';

const TRUE = ['true', 't', '1', 'on', 'y', 'yes'];
const FALSE = ['false', 'f', '0', 'off', 'n', 'no'];

/** A boolean, also as the words by which OpenStack's clients send it. */
export const bool = z.preprocess((value) => {
  const word = typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  if (word === undefined) return value;
  if (TRUE.includes(word.toLowerCase())) return true;
  return FALSE.includes(word.toLowerCase()) ? false : value;
}, z.boolean());

/** Text that has the form of a UUID, in lower case. */
export const uuid = z
  .string()
  .refine(isUuid, { error: ({ input }) => `Expected a uuid but received ${String(input)}.` })
  .transform((text) => text.toLowerCase());

/** A MAC address in any common form. */
export const mac = z.string().transform((text, context) => {
  const parsed = tryParseMac(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: 'custom', message: `Expected a MAC address but received ${text}.` });
  return z.NEVER;
});

/** Any JSON object. */
export const jsonObject = z.record(z.string(), z.unknown());
/** A text of a database column. */
export const text255 = z.string().max(255);
/** A whole number, also as text, as the openstack client sends it. */
export const numberOrText = (least: number) =>
  z.union([
    z.int().min(least),
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number)
      .pipe(z.int().min(least)),
  ]);
/** A JSON object that may be absent or null, both of which mean empty. */
export const emptyable = jsonObject.nullish().transform((value) => value ?? {});

/** RFC 6902 with the operations and paths that Ironic allows. */
export const jsonPatch = z
  .array(
    z
      .object({
        op: z.enum(['add', 'replace', 'remove']),
        path: z.string().regex(/^(\/[\w\u00aa-\uffdc-]+)+$/),
        value: z.unknown().optional(),
      })
      .refine((operation) => operation.op === 'remove' || 'value' in operation, {
        error: 'add and replace need a value.',
      }),
  )
  .max(1000);

/** A trait: a standard one by its name space, or one that begins with CUSTOM_. */
export const trait = z
  .string()
  .max(255)
  .regex(/^(?:CUSTOM|HW|COMPUTE|STORAGE|MISC|OWNER)_[A-Z0-9_]+$/);

/** A UUID that may be absent or null. */
export const optionalUuid = uuid.nullish();

/** A number that may come as text. */
export const wholeNumber = z.coerce.number().int().min(0);

/** Parses a body. @throws IronpxeError INVALID_REQUEST naming every field that does not fit */
export function parse<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) =>
    [issue.path.join('/'), issue.message].filter(Boolean).join(': '),
  );
  throw new IronpxeError('INVALID_REQUEST', `Invalid input for ${what}: ${faults.join('; ')}`);
}
