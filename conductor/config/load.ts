import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { IronpxeError } from '../errors/error.ts';
import { contains, ipv4ToNumber } from '../values/ipv4.ts';
import { CONFIG_SCHEMA, type Config } from './schema.ts';

/** A configuration with where it came from; it is read once and does not change afterwards. */
export type LoadedConfig = {
  readonly config: Config;
  readonly path: string;
  /** SHA-256 of the file, in hex. */
  readonly digest: string;
};

/** Reads a configuration file. @throws IronpxeError CONFIG_NOT_READABLE, CONFIG_INVALID */
export function loadConfig(path: string): LoadedConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new IronpxeError('CONFIG_NOT_READABLE', `Cannot read ${path}: ${why}.`, { cause: error });
  }
  const digest = createHash('sha256').update(text).digest('hex');
  return { config: parseConfig(text, path), path, digest };
}

/**
 * Parses the text of a configuration file and reports all its faults together, each with its line.
 * @throws IronpxeError CONFIG_INVALID
 */
export function parseConfig(text: string, path: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors.map((error) => {
    const { line } = lines.linePos(error.pos[0]);
    return `${path}:${line}: ${error.message}`;
  });
  if (broken.length > 0) throw invalid(broken);
  const result = CONFIG_SCHEMA.safeParse(document.toJS() ?? {});
  const issues = result.success ? crossChecks(result.data) : result.error.issues.map(fromIssue);
  if (issues.length > 0)
    throw invalid(
      issues.map((issue) => `${path}:${lineOf(document, lines, issue.path)}: ${issue.text}`),
    );
  return result.data as Config;
}

type Fault = { readonly path: readonly PropertyKey[]; readonly text: string };

function fromIssue(issue: z.core.$ZodIssue): Fault {
  if (issue.code !== 'unrecognized_keys')
    return { path: issue.path, text: `${name(issue.path)}: ${issue.message}` };
  const [first = ''] = issue.keys;
  const keys = issue.keys.map((key) => name([...issue.path, key])).join(', ');
  return { path: [...issue.path, first], text: `${keys}: no such option` };
}

function name(path: readonly PropertyKey[]): string {
  return path.map(String).join('.') || '(the whole file)';
}

/** Checks that look at more than one option. */
function crossChecks(config: Config): Fault[] {
  const faults: Fault[] = keystoneFaults(config);
  const { dhcp } = config;
  if (!dhcp.enabled) return faults;
  if (dhcp.server_address === undefined)
    faults.push({ path: ['dhcp'], text: 'dhcp.server_address: needed while dhcp.enabled is true' });
  if (dhcp.subnets.length === 0)
    faults.push({
      path: ['dhcp'],
      text: 'dhcp.subnets: at least one is needed while dhcp.enabled is true',
    });
  for (const [index, subnet] of dhcp.subnets.entries()) {
    const path = ['dhcp', 'subnets', index];
    for (const key of ['range_start', 'range_end', 'gateway'] as const) {
      const address = subnet[key];
      if (address === undefined || contains(subnet.cidr, address)) continue;
      faults.push({
        path: [...path, key],
        text: `${name([...path, key])}: ${address} is not in the network`,
      });
    }
    if (ipv4ToNumber(subnet.range_start) > ipv4ToNumber(subnet.range_end))
      faults.push({ path, text: `${name(path)}: range_start is after range_end` });
  }
  return faults;
}

/** A Keystone without whole credentials would only fail at the first deploy. */
function keystoneFaults({ keystone }: Config): Fault[] {
  if (keystone.auth_url === undefined) return [];
  const needed =
    keystone.application_credential_id === undefined
      ? (['username', 'password'] as const)
      : (['application_credential_secret'] as const);
  return needed
    .filter((key) => keystone[key] === undefined)
    .map((key) => ({
      path: ['keystone'],
      text: `keystone.${key}: needed while keystone.auth_url is set`,
    }));
}

/** The line of the deepest part of `path` that stands in the file. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function invalid(faults: readonly string[]): IronpxeError {
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  return new IronpxeError(
    'CONFIG_INVALID',
    `The configuration has ${count}:\n${faults.join('\n')}\n`,
  );
}
