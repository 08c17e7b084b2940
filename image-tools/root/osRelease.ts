/** The parts of os-release(5) that are shown and stored. */
export type OsRelease = {
  readonly id: string | undefined;
  readonly version: string | undefined;
  readonly prettyName: string | undefined;
};

/** Parses os-release(5): shell-like assignments, with or without quotes. */
export function parseOsRelease(text: string): OsRelease {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key, value] = /^([A-Z_]+)=(.*)$/.exec(line.trim()) ?? [];
    if (key !== undefined && value !== undefined) values.set(key, unquote(value));
  }
  return {
    id: values.get('ID'),
    version: values.get('VERSION_ID'),
    prettyName: values.get('PRETTY_NAME'),
  };
}

function unquote(value: string): string {
  const [, quote, inner] = /^(['"])(.*)\1$/.exec(value) ?? [];
  if (inner === undefined) return value;
  return quote === '"' ? inner.replaceAll(/\\(.)/g, '$1') : inner;
}
