import { type ErrorCode, ERRORS } from '../errors/table.ts';

/** What the command's exit status says. */
export const EXIT = {
  ok: { status: 0, meaning: 'done' },
  failed: { status: 1, meaning: 'it was tried and failed, or the API refused it' },
  usage: { status: 2, meaning: 'the command line is wrong; nothing was tried' },
  unreachable: { status: 3, meaning: 'no conductor answers at the address' },
  notFound: { status: 4, meaning: 'the node, port or driver does not exist' },
  conflict: { status: 5, meaning: 'it conflicts with what is there, or the node is busy' },
  interrupted: { status: 130, meaning: 'interrupted; work that was begun goes on' },
} as const;

/** The exit status for an error of the table. */
export function exitStatus(code: ErrorCode): number {
  if (code === 'CLI_USAGE') return EXIT.usage.status;
  if (code === 'API_UNREACHABLE') return EXIT.unreachable.status;
  const { status } = ERRORS[code];
  if (status === 404) return EXIT.notFound.status;
  return status === 409 ? EXIT.conflict.status : EXIT.failed.status;
}
