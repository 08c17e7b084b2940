import type { BootEntry } from './entry.ts';

export type GrubConfig = {
  readonly entries: readonly BootEntry[];
  /** What `set default=` says, unless it is a variable. */
  readonly defaultEntry: string | undefined;
};

type Draft = { title: string; linux: string; options: string; initrds: string[] };

const COMMAND = /^\s*(linux(?:16|efi)?|initrd(?:16|efi)?)\s+(.+?)\s*$/;

/**
 * Reads the menu entries of a generated grub.cfg, in their order, those of submenus among them.
 * It does not run the script: only entries with plain paths are taken.
 */
export function parseGrubConfig(text: string): GrubConfig {
  const drafts: Draft[] = [];
  let current: Draft | undefined;
  for (const line of text.split('\n')) {
    const title = /^\s*menuentry\s+(?:'([^']*)'|"([^"]*)")/.exec(line);
    if (title) {
      current = { title: title[1] ?? title[2] ?? '', linux: '', options: '', initrds: [] };
      drafts.push(current);
    } else if (current) readCommand(line, current);
  }
  const entries = drafts.filter(({ linux }) => linux.startsWith('/')).map(toEntry);
  return { entries, defaultEntry: /^\s*set default="?([^"$\s]+)"?\s*$/m.exec(text)?.[1] };
}

function readCommand(line: string, draft: Draft): void {
  const [, command, rest = ''] = COMMAND.exec(line) ?? [];
  if (command === undefined) return;
  const [path = '', ...more] = rest.split(/\s+/);
  if (command.startsWith('initrd')) draft.initrds.push(path, ...more);
  else {
    draft.linux = path;
    draft.options = more.join(' ');
  }
}

function toEntry(draft: Draft, index: number): BootEntry {
  const version = /vmlinu[xz]-(.+)$/.exec(draft.linux)?.[1] ?? '';
  return { ...draft, id: `grub.cfg entry ${index}`, version };
}

/** The variables of a grubenv block: `name=value` lines after its signature. */
export function parseGrubEnvironment(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => /^[A-Za-z_]\w*=/.test(line));
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}
