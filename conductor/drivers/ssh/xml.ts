/** An element of an XML text with the places where it stands, so that the text can be edited. */
export type XmlElement = {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  /** Offset of the `<` of the start tag. */
  readonly start: number;
  /** Offset after the `>` of the start tag. */
  readonly contentStart: number;
  /** Offset of the `<` of the end tag; equals `contentStart` in `<empty/>`. */
  contentEnd: number;
  /** Offset after the whole element. */
  end: number;
};

const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<!DOCTYPE[^>]*>|<(?<slash>\/?)(?<name>[A-Za-z_][\w:.-]*)(?<attributes>(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>\/?)>/g;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

/**
 * Reads an XML text as libvirt writes it (no DTD) into elements with offsets.
 * @returns the root element, or `undefined` when the text is not well formed
 */
export function parseXml(text: string): XmlElement | undefined {
  const top = element('', '', 0, 0);
  const stack: XmlElement[] = [top];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (text.slice(at, match.index).includes('<')) return undefined;
    at = match.index + match[0].length;
    if (match.groups?.['name'] !== undefined && !take(stack, match, at)) return undefined;
  }
  if (text.slice(at).includes('<') || stack.length !== 1) return undefined;
  return top.children.length === 1 ? top.children[0] : undefined;
}

/** Puts one tag in its place on the stack of open elements; `false` when it does not fit. */
function take(stack: XmlElement[], match: RegExpExecArray, end: number): boolean {
  const { slash, name = '', attributes = '', empty } = match.groups ?? {};
  const open = stack.at(-1);
  if (open === undefined) return false;
  if (slash === '/') {
    if (open.name !== name || stack.length === 1) return false;
    open.contentEnd = match.index;
    open.end = end;
    stack.pop();
    return true;
  }
  const child = element(name, attributes, match.index, end);
  open.children.push(child);
  if (empty !== '/') stack.push(child);
  return true;
}

function element(name: string, attributes: string, start: number, end: number): XmlElement {
  const pairs = Array.from(attributes.matchAll(ATTRIBUTE), ([, key = '', double, single]) => [
    key,
    unescapeXml(double ?? single ?? ''),
  ]);
  const read: Record<string, string> = Object.fromEntries(pairs);
  return { name, attributes: read, children: [], start, contentStart: end, contentEnd: end, end };
}

/** The first child of that name. */
export function child(parent: XmlElement | undefined, name: string): XmlElement | undefined {
  return parent?.children.find((one) => one.name === name);
}

/** All children of that name. */
export function childrenOf(parent: XmlElement | undefined, name: string): readonly XmlElement[] {
  return parent?.children.filter((one) => one.name === name) ?? [];
}

/** The characters inside an element, entities resolved, without surrounding space. */
export function textOf(source: string, of: XmlElement | undefined): string {
  return of === undefined ? '' : unescapeXml(source.slice(of.contentStart, of.contentEnd)).trim();
}

/** Escapes text so that it can stand in an attribute or between tags. */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
}

function unescapeXml(text: string): string {
  return text.replaceAll(/&(#x[\da-f]{1,6}|#\d{1,7}|\w+);/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name] ?? whole;
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
  });
}

/** A replacement of `text[start, end)`. */
export type XmlEdit = { readonly start: number; readonly end: number; readonly text: string };

/** Applies edits that do not overlap; those at one place keep their order. */
export function applyEdits(source: string, edits: readonly XmlEdit[]): string {
  const sorted = edits.toSorted((a, b) => a.start - b.start || a.end - b.end);
  let at = 0;
  const parts: string[] = [];
  for (const edit of sorted) {
    parts.push(source.slice(at, edit.start), edit.text);
    at = edit.end;
  }
  return [...parts, source.slice(at)].join('');
}

/** Removes an element together with the white space before it. */
export function removal(source: string, of: XmlElement): XmlEdit {
  const before = source.slice(0, of.start).trimEnd().length;
  return { start: before, end: of.end, text: '' };
}
