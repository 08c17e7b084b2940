import { damagedLvm } from './damaged.ts';

/** A value of LVM's configuration text. */
export type ConfigValue = string | number | readonly (string | number)[];
export type ConfigSection = { readonly [key: string]: ConfigValue | ConfigSection };

const TOKEN =
  /\s+|#[^\n]*|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?![\w.+-])|[A-Za-z0-9_.+/-]+|[{}=[\],]/y;
const MAX_DEPTH = 16;

/**
 * Parses LVM's configuration text: `key = value`, `key = [a, b]`, `name { … }`.
 * @throws ImageToolError SOURCE_DAMAGED
 */
export function parseConfigText(text: string): ConfigSection {
  const tokens = tokenise(text);
  const section = parseSection(tokens, 0);
  if (tokens.peek() !== undefined) throw damagedLvm('its metadata has a brace too many');
  return section;
}

type Tokens = { readonly peek: () => string | undefined; readonly take: () => string };

function tokenise(text: string): Tokens {
  const found: string[] = [];
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const [token] = pattern.exec(text) ?? [];
    if (token === undefined) throw damagedLvm(`its metadata makes no sense at character ${at}`);
    if (!/^[\s#]/.test(token)) found.push(token);
  }
  let next = 0;
  return {
    peek: () => found[next],
    take: () => {
      const token = found[next];
      if (token === undefined) throw damagedLvm('its metadata ends too early');
      next += 1;
      return token;
    },
  };
}

function parseSection(tokens: Tokens, depth: number): ConfigSection {
  if (depth > MAX_DEPTH) throw damagedLvm('its metadata is nested too deeply');
  const entries: [string, ConfigValue | ConfigSection][] = [];
  while (tokens.peek() !== undefined && tokens.peek() !== '}') {
    const key = tokens.take();
    const sign = tokens.take();
    if (sign === '=') entries.push([key, parseValue(tokens)]);
    else if (sign === '{') {
      entries.push([key, parseSection(tokens, depth + 1)]);
      if (tokens.take() !== '}') throw damagedLvm('a section of its metadata has no end');
    } else throw damagedLvm(`its metadata has "${sign}" after "${key}"`);
  }
  return Object.fromEntries(entries);
}

function parseValue(tokens: Tokens): ConfigValue {
  const first = tokens.take();
  if (first !== '[') return scalar(first);
  const items: (string | number)[] = [];
  for (let token = tokens.take(); token !== ']'; token = tokens.take())
    if (token !== ',') items.push(scalar(token));
  return items;
}

function scalar(token: string): string | number {
  if (token.startsWith('"')) return token.slice(1, -1).replaceAll(/\\(.)/g, '$1');
  if (/^[{}=[\],]$/.test(token)) throw damagedLvm(`its metadata has "${token}" as a value`);
  const number = Number(token);
  return Number.isNaN(number) ? token : number;
}
