import { GUARDED_FIELDS, redaction } from '../../auth/access.ts';
import type { RowField } from '../rows.ts';

/** The fields of a node, of which some are hidden from callers who see the node but not all of it. */
export function guarded(
  fields: Readonly<Record<string, RowField>>,
): Readonly<Record<string, RowField>> {
  const names = Object.keys(GUARDED_FIELDS) as (keyof typeof GUARDED_FIELDS)[];
  const hidden = names.flatMap((name) => {
    const field = fields[name];
    return field === undefined ? [] : [[name, guard(name, field)] as const];
  });
  return { ...fields, ...Object.fromEntries(hidden) };
}

function guard(name: keyof typeof GUARDED_FIELDS, field: RowField): RowField {
  return {
    columns: [...field.columns, 'owner', 'lessee'],
    schema: field.schema,
    write: (row, call) => {
      if (call.access === undefined) return field.write(row, call);
      const target = { owner: textOf(row.owner), lessee: textOf(row.lessee) };
      const shown = redaction(call.access, name, target);
      return shown === undefined ? field.write(row, call) : JSON.stringify(shown);
    },
  };
}

function textOf(value: string | number | null | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
