import { accessSync, constants } from 'node:fs';
import { isAbsolute } from 'node:path';
import { readInfo, type InfoReader } from '../bmc/infoReader.ts';

const AUTH_TYPES = ['auto', 'session', 'basic'] as const;

/** The `driver_info` of redfish, checked. */
export type RedfishInfo = {
  /** Scheme, host and port, without a path. */
  readonly origin: string;
  /** Path before `/redfish/v1`, where a proxy adds one; empty otherwise. */
  readonly prefix: string;
  /** Path of the system, such as `/redfish/v1/Systems/1`; `undefined`: the only one. */
  readonly systemPath: string | undefined;
  readonly username: string | undefined;
  readonly password: string;
  readonly authType: (typeof AUTH_TYPES)[number];
  /** Whether the BMC's certificate is checked, and against which file. */
  readonly verify: boolean | string;
};

/** `driver_info` key → one sentence on what goes in it. */
export const REDFISH_PROPERTIES = {
  redfish_address: 'URL of the BMC, such as https://bmc1.example; https by default. Required.',
  redfish_system_id:
    'Path of the system, such as /redfish/v1/Systems/1; needed where it has several.',
  redfish_username: 'User of the BMC.',
  redfish_password: 'Password of the user.',
  redfish_verify_ca:
    'Whether its certificate is checked: true (default), false, or a file or folder of certificates.',
  redfish_auth_type: 'How to log in: session, basic, or auto (default: session, else basic).',
  external_http_url:
    'Boot HTTP server of the conductor as the BMC reaches it, for virtual media; boot_http.url by default.',
} as const;

/** Checks the `driver_info` of redfish. @throws IronpxeError DRIVER_INFO_INVALID */
export function parseRedfishInfo(info: Readonly<Record<string, unknown>>): RedfishInfo {
  const reader = readInfo('redfish', info);
  const url = readAddress(reader);
  const parsed: RedfishInfo = {
    origin: url.origin,
    prefix: url.pathname.replace(/\/redfish(?:\/v1)?\/?$/, '').replace(/\/+$/, ''),
    systemPath: readSystem(reader),
    username: reader.text('redfish_username', /^[^:\r\n]+$/, 'a name without a colon'),
    password: reader.text('redfish_password', /^[^\r\n]+$/, 'one line of text') ?? '',
    authType: reader.oneOf('redfish_auth_type', AUTH_TYPES, 'auto'),
    verify: readVerify(reader),
  };
  reader.text('external_http_url', /^https?:\/\/[^\s?#]+$/, 'a URL such as http://192.0.2.1:8088');
  reader.end();
  return parsed;
}

function readAddress(reader: InfoReader): URL {
  const nowhere = new URL('https://none.invalid');
  const given = reader.given('redfish_address');
  if (given === undefined) {
    reader.missing('redfish_address');
    return nowhere;
  }
  const text = typeof given === 'string' ? given : '';
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`);
  const good =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    [url.username, url.password, url.search, url.hash].every((part) => part === '');
  if (good) return url;
  reader.fault('redfish_address', 'a URL such as https://bmc1.example without user and password');
  return nowhere;
}

function readSystem(reader: InfoReader): string | undefined {
  const path = reader.text('redfish_system_id', /^\/?[\w/.:@%-]+$/, 'a path');
  if (path === undefined) return undefined;
  return path.includes('/') ? `/${path.replace(/^\/+|\/+$/g, '')}` : `/redfish/v1/Systems/${path}`;
}

function readVerify(reader: InfoReader): boolean | string {
  const value = reader.given('redfish_verify_ca');
  if (typeof value !== 'string' || !isAbsolute(value))
    return reader.flag('redfish_verify_ca', true);
  if (isReadable(value)) return value;
  reader.fault('redfish_verify_ca', 'true, false, or a file that can be read');
  return true;
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
