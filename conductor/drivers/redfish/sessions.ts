import { IronpxeError } from '../../errors/error.ts';
import type { RedfishInfo } from './driverInfo.ts';
import { redfishFault } from './faults.ts';
import { sendToBmc, type HttpOptions } from './http.ts';

/** The sessions of a conductor on BMCs: one for each BMC and user, kept until it is refused. */
export type SessionBook = {
  /** The headers that log a request in. @throws IronpxeError DRIVER_BMC_AUTH */
  headers(info: RedfishInfo, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  forget(info: RedfishInfo): void;
  /** Logs out everywhere: BMCs have few sessions, and keep them for half an hour. */
  close(): Promise<void>;
};

type Login = { readonly headers: Readonly<Record<string, string>>; readonly path?: string };

const SESSIONS_PATH = '/redfish/v1/SessionService/Sessions';
const LOGOUT_TIMEOUT_MS = 5000;

/** Makes an empty book. */
export function createSessionBook(options: HttpOptions): SessionBook {
  const logins = new Map<string, { info: RedfishInfo; login: Promise<Login> }>();
  return {
    async headers(info, signal) {
      if (info.username === undefined) return {};
      if (info.authType === 'basic') return basicHeaders(info);
      const key = keyOf(info);
      const known = logins.get(key) ?? { info, login: logIn(info, options, signal) };
      logins.set(key, known);
      try {
        return (await known.login).headers;
      } catch (error) {
        logins.delete(key);
        throw error;
      }
    },
    forget: (info) => void logins.delete(keyOf(info)),
    async close() {
      const open = [...logins.values()];
      logins.clear();
      await Promise.allSettled(open.map(({ info, login }) => logOut(info, login, options)));
    },
  };
}

/** A changed password is another login; the key stays in memory. */
function keyOf({ origin, prefix, username = '', password, authType }: RedfishInfo): string {
  return JSON.stringify([origin, prefix, username, password, authType]);
}

function basicHeaders({ username = '', password }: RedfishInfo): Record<string, string> {
  const text = Buffer.from(`${username}:${password}`).toString('base64');
  return { authorization: `Basic ${text}` };
}

/** Opens a session; where the BMC has no session service or no session left, basic serves. */
async function logIn(info: RedfishInfo, options: HttpOptions, signal: AbortSignal): Promise<Login> {
  const json = { UserName: info.username, Password: info.password };
  const request = { method: 'POST', path: SESSIONS_PATH, json } as const;
  const { status, headers, body } = await sendToBmc(info, request, options, signal);
  const { 'x-auth-token': token, location } = headers;
  if (status < 300 && typeof token === 'string')
    return {
      headers: { 'x-auth-token': token },
      ...(typeof location === 'string' && { path: pathOf(location) }),
    };
  const fault = redfishFault(info.origin, `POST ${SESSIONS_PATH}`, { status, headers, body });
  if (fault.code === 'DRIVER_BMC_AUTH') throw fault;
  if (info.authType === 'auto') return { headers: basicHeaders(info) };
  throw new IronpxeError(
    'DRIVER_BMC_REFUSED',
    `${fault.message} It gives no session; redfish_auth_type "basic" or "auto" would log in without.`,
  );
}

/** `Location` is a path or a whole URL (DSP0266, "Session login"). */
function pathOf(location: string): string {
  const url = URL.parse(location, 'https://bmc.invalid');
  return url?.pathname ?? location;
}

async function logOut(
  info: RedfishInfo,
  login: Promise<Login>,
  options: HttpOptions,
): Promise<void> {
  const { path, headers } = await login;
  if (path === undefined) return;
  const signal = AbortSignal.timeout(LOGOUT_TIMEOUT_MS);
  await sendToBmc(info, { method: 'DELETE', path, headers }, { ...options, attempts: 1 }, signal);
}
