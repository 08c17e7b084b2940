/** A link as Ironic writes it. */
export type Link = { readonly href: string; readonly rel: 'self' | 'bookmark' };

/** The two links of a thing at `path` (such as `nodes/UUID`), with and without the version. */
export function links(baseUrl: string, path: string): Link[] {
  return [
    { href: `${baseUrl}/v1/${path}`, rel: 'self' },
    { href: `${baseUrl}/${path}`, rel: 'bookmark' },
  ];
}

/** What would not stand in JSON text as it is. */
// oxlint-disable-next-line no-control-regex
const ODD = /["\\\u0000-\u001f]/;

/**
 * The same as JSON text, for lists: a node has ten links, and most URLs need no escapes.
 * @param path of what JSON takes as it is, such as `nodes/UUID`
 */
export function linksJson(baseUrl: string, path: string): string {
  const base = ODD.test(baseUrl) ? JSON.stringify(baseUrl).slice(1, -1) : baseUrl;
  return `[{"href":"${base}/v1/${path}","rel":"self"},{"href":"${base}/${path}","rel":"bookmark"}]`;
}

/** A time of the store as Ironic writes it: whole seconds with an offset. */
export function wireTime(iso: string | null): string | null {
  return iso === null ? null : `${iso.slice(0, 19)}+00:00`;
}
