import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Cloud, Credentials, Named } from './cloud.ts';
import { OpenStackFailure } from './failure.ts';

type Variables = Readonly<Record<string, string | undefined>>;
type Settings = Readonly<Record<string, unknown>>;

/**
 * The cloud that the usual `OS_*` variables describe; with `OS_CLOUD` (or `name`) the one of that
 * name in clouds.yaml, with secure.yaml laid over it.
 * @throws OpenStackFailure unconfigured
 */
export function readCloud(variables: Variables = process.env, name?: string): Cloud {
  const wanted = name ?? variables['OS_CLOUD'];
  const settings = wanted === undefined ? fromVariables(variables) : fromFiles(wanted, variables);
  return {
    authUrl: needed(settings, 'auth_url'),
    credentials: credentialsOf(settings),
    region: text(settings, 'region_name'),
    interface: interfaceOf(text(settings, 'interface')),
    imageUrl: text(settings, 'image_endpoint_override'),
    caCertificate: certificateOf(text(settings, 'cacert')),
    verifyCertificate: !isNo(text(settings, 'verify')),
  };
}

/** `OS_USER_DOMAIN_NAME` → `user_domain_name`, and so on, with the older names of some. */
function fromVariables(variables: Variables): Settings {
  const plain = Object.entries(variables)
    .filter(([key, value]) => key.startsWith('OS_') && value !== '')
    .map(([key, value]) => [key.slice('OS_'.length).toLowerCase(), value]);
  const settings: Record<string, unknown> = Object.fromEntries(plain);
  const insecure = text(settings, 'insecure');
  return {
    ...settings,
    project_name: settings['project_name'] ?? settings['tenant_name'],
    project_id: settings['project_id'] ?? settings['tenant_id'],
    interface: settings['interface'] ?? settings['endpoint_type'],
    verify: insecure === undefined || isNo(insecure) ? 'true' : 'false',
  };
}

function fromFiles(name: string, variables: Variables): Settings {
  const own = variables['OS_CLIENT_CONFIG_FILE'];
  const folders = ['.', join(homedir(), '.config/openstack'), '/etc/openstack'];
  const paths = [
    ...(own === undefined ? [] : [own]),
    ...folders.map((at) => join(at, 'clouds.yaml')),
  ];
  const cloud = firstCloud(paths, name);
  if (cloud === undefined)
    throw unconfigured(`No cloud "${name}" was found in ${paths.join(', ')}.`);
  const secret = firstCloud(
    folders.map((at) => join(at, 'secure.yaml')),
    name,
  );
  const auth = { ...object(cloud['auth']), ...object(secret?.['auth']) };
  // Settings of "auth" stand beside the others, as in the variables.
  return { ...cloud, ...secret, ...auth };
}

/** The first of the files that can be read decides, as with the openstack client. */
function firstCloud(paths: readonly string[], name: string): Settings | undefined {
  for (const path of paths) {
    const content = readIfThere(path);
    if (content === undefined) continue;
    const clouds = object(object(parseYaml(path, content))['clouds']);
    return clouds[name] === undefined ? undefined : object(clouds[name]);
  }
  return undefined;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unconfigured(`${path} cannot be read.`, error);
  }
}

function parseYaml(path: string, content: string): unknown {
  try {
    return parse(content);
  } catch (error) {
    // The parser's message quotes the line, which may hold a password.
    const line = error instanceof Error && 'linePos' in error ? lineOf(error.linePos) : '';
    throw unconfigured(`${path}${line} is no YAML.`);
  }
}

function lineOf(place: unknown): string {
  const [start] = Array.isArray(place) ? (place as { line: number }[]) : [];
  return start ? `:${start.line}` : '';
}

function credentialsOf(settings: Settings): Credentials {
  const id = text(settings, 'application_credential_id');
  const name = text(settings, 'application_credential_name');
  if (id !== undefined || name !== undefined) {
    const secret = needed(settings, 'application_credential_secret');
    const user = id === undefined ? named(settings, 'user') : undefined;
    return { kind: 'application-credential', id, name, user, secret };
  }
  const password = needed(settings, 'password');
  return {
    kind: 'password',
    user: named(settings, 'user'),
    password,
    project: text(settings, 'system_scope') === 'all' ? 'system' : named(settings, 'project'),
  };
}

function named(settings: Settings, what: 'user' | 'project'): Named {
  const id = text(settings, `${what}_id`);
  if (id !== undefined) return { id };
  const name = needed(settings, what === 'user' ? 'username' : 'project_name');
  const domainId = text(settings, `${what}_domain_id`) ?? text(settings, 'default_domain_id');
  const domainName = text(settings, `${what}_domain_name`) ?? text(settings, 'default_domain');
  if (domainId !== undefined && domainName === undefined) return { name, domain: { id: domainId } };
  return { name, domain: { name: domainName ?? 'Default' } };
}

function interfaceOf(given: string | undefined): Cloud['interface'] {
  const word = given?.replace(/URL$/, '');
  if (word === undefined || word === 'public' || word === 'internal' || word === 'admin')
    return word;
  throw unconfigured(`OS_INTERFACE is "${given}", expected public, internal or admin.`);
}

function certificateOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const certificate = readIfThere(path);
  if (certificate !== undefined) return certificate;
  throw unconfigured(`The certificates ${path} (OS_CACERT) are not there.`);
}

function needed(settings: Settings, key: string): string {
  const value = text(settings, key);
  if (value !== undefined) return value;
  throw unconfigured(
    `OS_${key.toUpperCase()} is not set, and no OS_CLOUD names a cloud of clouds.yaml that has ${key}.`,
  );
}

function text(settings: Settings, key: string): string | undefined {
  const value = settings[key];
  if (typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isNo(word: string | undefined): boolean {
  return word !== undefined && /^(0|false|no|off)$/i.test(word);
}

function object(value: unknown): Settings {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function unconfigured(message: string, cause?: unknown): OpenStackFailure {
  return new OpenStackFailure('unconfigured', message, { cause });
}
