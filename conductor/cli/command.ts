import type { ApiClient } from './client.ts';
import type { Io } from './io.ts';

/** An option of a command. Booleans have no `value`. */
export type OptionRow = {
  /** What stands for its value in the help, such as `URL`; absent: a switch. */
  readonly value?: string;
  readonly many?: boolean;
  readonly what: string;
};

/** A parsed command line with what it works on. */
export type Invocation = {
  readonly client: ApiClient;
  readonly io: Io;
  readonly args: readonly string[];
  /** Whether the answer is to be JSON. */
  readonly json: boolean;
  /** The value of an option given once. */
  text(name: string): string | undefined;
  /** The values of an option that may be repeated. */
  list(name: string): readonly string[];
  flag(name: string): boolean;
};

/** A row of the table of commands. */
export type Command = {
  /** The words, such as `node deploy`. */
  readonly name: string;
  readonly summary: string;
  /** Names of its arguments in order; in brackets when they may be left out. */
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, OptionRow>>;
  /** Further help: what it does, step by step. */
  readonly text: string;
  readonly examples: readonly string[];
  /** Carries it out and returns the exit status. @throws IronpxeError */
  readonly run: (invocation: Invocation) => Promise<number>;
};

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  url: { value: 'URL', what: 'The API: http://HOST:6385 or unix:/path/to/api.sock.' },
  'os-cloud': { value: 'NAME', what: 'A cloud of clouds.yaml, if the API asks who you are.' },
  json: { what: 'Write JSON for programs instead of text for people.' },
  help: { what: 'Show this help.' },
} as const satisfies Readonly<Record<string, OptionRow>>;
