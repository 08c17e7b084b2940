import { ImageToolError } from '../errors/error.ts';

/** A change that the user wishes in the root; paths as the running system will see them. */
export type Edit =
  | { readonly action: 'write' | 'append'; readonly path: string; readonly text: string }
  | { readonly action: 'upload'; readonly path: string; readonly file: string }
  | { readonly action: 'mkdir' | 'delete'; readonly path: string }
  | { readonly action: 'symlink'; readonly path: string; readonly target: string }
  | { readonly action: 'chmod'; readonly path: string; readonly mode: number };

export const EDIT_HELP = `write:PATH:TEXT append:PATH:TEXT upload:PATH:LOCALFILE mkdir:PATH delete:PATH
symlink:PATH:TARGET chmod:PATH:OCTAL`;

/** Parses one --edit. @throws ImageToolError USAGE */
export function parseEdit(spec: string): Edit {
  const [, action, path, rest] = /^(\w+):(\/[^:]*)(?::(.*))?$/s.exec(spec) ?? [];
  if (action === undefined || path === undefined)
    throw wrong(spec, 'it does not look like ACTION:/PATH');
  const detail = rest ?? '';
  if (action === 'mkdir' || action === 'delete') return { action, path };
  if (rest === undefined) throw wrong(spec, 'something after the path is missing');
  if (action === 'write' || action === 'append') return { action, path, text: `${detail}\n` };
  if (action === 'upload') return { action, path, file: detail };
  if (action === 'symlink') return { action, path, target: detail };
  if (action === 'chmod' && /^[0-7]{3,4}$/.test(detail))
    return { action, path, mode: Number.parseInt(detail, 8) };
  throw wrong(spec, `"${action}" is not known, or its value is wrong`);
}

function wrong(spec: string, why: string): ImageToolError {
  return new ImageToolError(
    'USAGE',
    `--edit ${JSON.stringify(spec)}: ${why}. Known are ${EDIT_HELP.replaceAll('\n', ' ')}.`,
  );
}
