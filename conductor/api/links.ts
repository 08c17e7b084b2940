/** A link as Ironic writes it. */
export type Link = { readonly href: string; readonly rel: 'self' | 'bookmark' };

/** The two links of a thing at `path` (such as `nodes/UUID`), with and without the version. */
export function links(baseUrl: string, path: string): Link[] {
  return [
    { href: `${baseUrl}/v1/${path}`, rel: 'self' },
    { href: `${baseUrl}/${path}`, rel: 'bookmark' },
  ];
}

/** A time of the store as Ironic writes it: whole seconds with an offset. */
export function wireTime(iso: string | null): string | null {
  return iso === null ? null : `${iso.slice(0, 19)}+00:00`;
}
