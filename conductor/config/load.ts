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
  const faults: Fault[] = [
    ...keystoneFaults(config),
    ...authFaults(config),
    ...enrollFaults(config),
  ];
  const { dhcp } = config;
  if (!dhcp.enabled) return faults;
  if (dhcp.mode === 'dnsmasq') return [...faults, ...dnsmasqFaults(config)];
  if (dhcp.server_address === undefined)
    faults.push({ path: ['dhcp'], text: 'dhcp.server_address: needed while dhcp.enabled is true' });
  if (dhcp.subnets.length === 0 && dhcp.mode === 'server')
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
    if (dhcp.mode === 'server') faults.push(...rangeFaults(subnet, path));
  }
  return faults;
}

type Subnet = Config['dhcp']['subnets'][number];

function rangeFaults({ range_start, range_end }: Subnet, path: readonly PropertyKey[]): Fault[] {
  if (range_start === undefined || range_end === undefined)
    return [{ path, text: `${name(path)}: range_start and range_end are needed in mode server` }];
  if (ipv4ToNumber(range_start) <= ipv4ToNumber(range_end)) return [];
  return [{ path, text: `${name(path)}: range_start is after range_end` }];
}

function dnsmasqFaults({ dhcp }: Config): Fault[] {
  return (['server_address', 'dnsmasq_hosts_dir', 'dnsmasq_options_dir'] as const)
    .filter((key) => dhcp[key] === undefined)
    .map((key) => ({ path: ['dhcp'], text: `dhcp.${key}: needed in mode dnsmasq` }));
}

/** Unknown machines boot what the configuration names, and prove themselves by their lease. */
function enrollFaults({ inspect, dhcp, pxe }: Config): Fault[] {
  if (!inspect.enroll_unknown) return [];
  const missing = [
    ...(dhcp.enabled && dhcp.mode === 'server' ? [] : ['dhcp.mode server']),
    ...(pxe.deploy_kernel === undefined ? ['pxe.deploy_kernel'] : []),
    ...(pxe.deploy_ramdisk === undefined ? ['pxe.deploy_ramdisk'] : []),
  ];
  if (missing.length === 0) return [];
  const text = `inspect.enroll_unknown: needs ${missing.join(', ')}`;
  return [{ path: ['inspect', 'enroll_unknown'], text }];
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

/** An API that everybody can reach and use would be an accident more often than a wish. */
function authFaults({ api, auth, keystone }: Config): Fault[] {
  const isLoopback = /^(127\.|localhost$|::1$)/.test(api.listen_address);
  const faults: (readonly [wrong: boolean, option: string, text: string])[] = [
    [
      auth.strategy === 'noauth' && !isLoopback && !auth.noauth_beyond_loopback,
      'api.listen_address',
      `${api.listen_address} is not loopback, and everybody may use the API while auth.strategy is noauth; choose another strategy, or set auth.noauth_beyond_loopback`,
    ],
    [
      auth.strategy === 'http_basic' && auth.user_file === undefined,
      'auth.user_file',
      'needed while auth.strategy is http_basic',
    ],
    [
      auth.strategy === 'keystone' && keystone.auth_url === undefined,
      'keystone.auth_url',
      'needed while auth.strategy is keystone',
    ],
    [
      (api.tls_certificate === undefined) !== (api.tls_key === undefined),
      'api.tls_certificate',
      'tls_certificate and tls_key go together',
    ],
  ];
  return faults.flatMap(([wrong, option, text]) =>
    wrong ? [{ path: option.split('.'), text: `${option}: ${text}` }] : [],
  );
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
