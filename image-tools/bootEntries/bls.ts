import type { BootEntry } from './entry.ts';

/**
 * Parses a boot loader specification entry (type 1); undefined when it names no Linux kernel.
 * Repeated `options` lines join, as the specification says.
 */
export function parseBlsEntry(fileName: string, text: string): BootEntry | undefined {
  const fields = fieldsOf(text);
  const [linux] = fields.get('linux') ?? [];
  if (linux === undefined) return undefined;
  return {
    id: fileName.replace(/\.conf$/, ''),
    title: fields.get('title')?.[0] ?? fileName,
    version: fields.get('version')?.[0] ?? '',
    linux,
    initrds: (fields.get('initrd') ?? []).flatMap((line) => line.split(/\s+/)),
    options: (fields.get('options') ?? []).join(' '),
  };
}

function fieldsOf(text: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^\s*([^#\s]\S*)\s+(.*\S)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    fields.set(key, [...(fields.get(key) ?? []), value]);
  }
  return fields;
}
