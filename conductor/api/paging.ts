import { IronpxeError } from '../errors/error.ts';
import type { Call } from './resource.ts';
import { parse, uuid } from './schemas.ts';

/** A page never holds more. */
export const MAX_LIMIT = 1000;

/** Which part of a list a request wants. */
export type Page = {
  readonly limit: number;
  /** The UUID of the last item of the page before. */
  readonly marker?: string;
  /** A column of the store; the order of creation when absent. */
  readonly sortColumn?: string;
  readonly descending: boolean;
  /** The project to whose things the list is narrowed. */
  readonly visibleTo?: string;
};

const PAGE_KEYS = ['limit', 'marker', 'sort_key', 'sort_dir', 'fields', 'detail'];

/**
 * Reads limit, marker, sort_key and sort_dir. `columns` maps sort keys to columns.
 * @throws IronpxeError INVALID_REQUEST
 */
export function readPage(call: Call, columns: Readonly<Record<string, string>>): Page {
  const { limit, marker, sort_key: sortKey, sort_dir: direction = 'asc' } = call.query;
  if (direction !== 'asc' && direction !== 'desc')
    throw new IronpxeError(
      'INVALID_REQUEST',
      `Invalid sort direction: found ${direction}, expected asc or desc.`,
    );
  const sortColumn = sortKey === undefined ? undefined : readSortKey(sortKey, columns);
  return {
    limit: readLimit(limit),
    // What has a UUID is named by it, all else by its name.
    ...(marker !== undefined && {
      marker: 'uuid' in columns ? parse(uuid, marker, 'marker') : marker,
    }),
    ...(sortColumn !== undefined && { sortColumn }),
    descending: direction === 'desc',
    ...(call.access?.narrowedTo !== undefined && { visibleTo: call.access.narrowedTo }),
  };
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return MAX_LIMIT;
  const limit = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(limit))
    throw new IronpxeError('INVALID_REQUEST', `Limit must be an integer: found ${text}.`);
  if (limit <= 0) throw new IronpxeError('INVALID_REQUEST', 'Limit must be positive.');
  return Math.min(limit, MAX_LIMIT);
}

function readSortKey(key: string, columns: Readonly<Record<string, string>>): string | undefined {
  if (key === 'id') return undefined;
  const column = Object.hasOwn(columns, key) ? columns[key] : undefined;
  if (column === undefined)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `The sort_key value "${key}" is an invalid field for sorting; use one of ${Object.keys(columns).join(', ')}.`,
    );
  return column;
}

/** Refuses query parameters that are neither of paging nor in `known`. @throws INVALID_REQUEST */
export function refuseUnknown(call: Call, known: readonly string[]): void {
  refuseAllBut(call, [...PAGE_KEYS, ...known]);
}

/** Refuses query parameters that are not in `known`. @throws INVALID_REQUEST */
export function refuseAllBut(call: Call, known: readonly string[]): void {
  const unknown = Object.keys(call.query).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw new IronpxeError('INVALID_REQUEST', `Unexpected arguments: ${unknown.join(', ')}.`);
}

/** The body of a list; `next` is there when the page is full. */
export function collection(
  call: Call,
  list: { readonly name: string; readonly path: string; readonly items: readonly object[] },
  page: PageEnd,
): Record<string, unknown> {
  const next = nextPage(call, list, page);
  return { [list.name]: list.items, ...(next !== undefined && { next }) };
}

type PageEnd = { readonly limit: number; readonly lastUuid: string | undefined };

/** Where the next page is; `undefined` when this one is not full. */
export function nextPage(
  call: Call,
  list: { readonly path: string; readonly items: { readonly length: number } },
  page: PageEnd,
): string | undefined {
  if (list.items.length === 0 || list.items.length !== page.limit) return undefined;
  const query = new URLSearchParams({ ...call.query });
  query.set('limit', String(page.limit));
  query.set('marker', page.lastUuid ?? '');
  return `${call.baseUrl}/v1/${list.path}?${query.toString().replaceAll('%2C', ',')}`;
}
