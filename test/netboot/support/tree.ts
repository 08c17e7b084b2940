import type { BootTree, TreeAnswer } from '../../../conductor/netboot/tree/tree.ts';

/** A tree of fixed names: files by path, texts, and everything else absent. */
export function fixedTree(
  files: Readonly<Record<string, string>>,
  texts: Readonly<Record<string, string>> = {},
): BootTree {
  return {
    resolve: async (requested): Promise<TreeAnswer> => {
      const name = requested.replace(/^\//, '');
      const [path, text] = [files[name], texts[name]];
      if (path !== undefined) return { nodeUuid: 'node', found: { kind: 'file', path } };
      if (text !== undefined) return { nodeUuid: undefined, found: { kind: 'text', text } };
      return { nodeUuid: undefined, refused: 'absent', why: `there is no ${name}` };
    },
  };
}
