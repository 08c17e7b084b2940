import { z } from 'zod';
import type { RawRow } from '../store/pages.ts';
import type { JsonObject } from '../store/types.ts';
import { linksJson, wireTime } from './links.ts';
import type { Call } from './resource.ts';

/**
 * A field that is written from a row of the database as JSON text, without an object in between:
 * lists hold thousands of rows, and columns that are JSON already go through untouched.
 */
export type RowField = {
  /** What to select, as SQL. */
  readonly columns: readonly string[];
  readonly schema: z.ZodType;
  readonly write: (row: RawRow, call: Call) => string;
};

/** Schemas that several resources have in common. */
export const schemas = {
  links: z.array(z.strictObject({ href: z.string(), rel: z.string() })),
  object: z.record(z.string(), z.unknown()),
  time: z.string().nullable(),
} as const;

type Value = string | number | null;

/** A text, or null, as JSON. */
export function writeText(value: Value): string {
  return value === null ? 'null' : JSON.stringify(value);
}

/** A column as it is. */
export function column(name: string, schema: z.ZodType): RowField {
  return { columns: [name], schema, write: (row) => writeText(row[name] ?? null) };
}

export function text(name: string): RowField {
  return column(name, z.string().nullable());
}

/** A column that holds 0, 1 or null. */
export function flag(name: string): RowField {
  const write = (row: RawRow) => {
    const value = row[name] ?? null;
    return value === null ? 'null' : String(value === 1);
  };
  return { columns: [name], schema: z.boolean().nullable(), write };
}

export function time(name: string): RowField {
  const write = (row: RawRow) => {
    const at = row[name] ?? null;
    return writeText(at === null ? null : wireTime(String(at)));
  };
  return { columns: [name], schema: schemas.time, write };
}

/** A column that holds a JSON object. */
export function json(name: string): RowField {
  return { columns: [name], schema: schemas.object, write: (row) => String(row[name]) };
}

/** A JSON object that is parsed and masked only where its text may hold a secret. */
export function maskedJson(
  name: string,
  mayHold: (text: string) => boolean,
  mask: (value: JsonObject) => JsonObject,
): RowField {
  const write = (row: RawRow) => {
    const stored = String(row[name]);
    if (stored === '{}') return stored;
    return mayHold(stored) ? JSON.stringify(mask(JSON.parse(stored))) : stored;
  };
  return { columns: [name], schema: schemas.object, write };
}

/** How to read and write rows with the fields `names` and the links to each. */
export function rowWriter(
  fields: Readonly<Record<string, RowField>>,
  collection: string,
  names: readonly string[],
): { readonly columns: readonly string[]; readonly write: Write } {
  const wanted = names.flatMap((name) => {
    const field = fields[name];
    return field === undefined ? [] : [{ ...field, write: named(name, field.write) }];
  });
  const columns = new Set(['uuid', ...wanted.flatMap((field) => field.columns)]);
  const parts = groupsOf(wanted).map(writeGroup);
  const write = (row: RawRow, call: Call) => {
    let out = '{';
    for (const part of parts) out += part(row, call);
    return `${out}"links":${linksJson(call.baseUrl, `${collection}/${row.uuid}`)}}`;
  };
  return { columns: [...columns], write };
}

type Write = RowField['write'];

function named(name: string, write: Write): Write {
  const start = `"${name}":`;
  return (row, call) => `${start}${write(row, call)},`;
}

type Group = [RowField, ...RowField[]];

/** Fields that stand side by side and are made of the same columns. */
function groupsOf(fields: readonly RowField[]): Group[] {
  const groups: Group[] = [];
  for (const field of fields) {
    const last = groups.at(-1);
    if (last?.[0].columns.join() === field.columns.join()) last.push(field);
    else groups.push([field]);
  }
  return groups;
}

/** Several fields of the same columns are written anew only where these differ from the row before. */
function writeGroup(group: Group): Write {
  const [{ columns, write }] = group;
  if (group.length === 1) return write;
  let before: RawRow | undefined;
  let text = '';
  return (row, call) => {
    if (before === undefined || columns.some((name) => row[name] !== before?.[name]))
      text = group.map((field) => field.write(row, call)).join('');
    before = row;
    return text;
  };
}
