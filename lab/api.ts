import { request } from 'node:http';
import { LabFault } from './fault.ts';

/** The conductor's REST API, over its unix socket: that is how the lab reaches into its namespace. */
export type Api = {
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  put(path: string, body: unknown): Promise<void>;
  patch(path: string, body: unknown): Promise<void>;
};

/** @throws LabFault, from each call, with what the API said */
export function openApi(socketPath: string): Api {
  const call = (method: string, path: string, body?: unknown): Promise<string> =>
    callApi(socketPath, method, path, body);
  return {
    get: async (path) => JSON.parse(await call('GET', path)),
    // A verb that was taken on (202) is answered without a body.
    post: async (path, body) => JSON.parse((await call('POST', path, body)) || 'null'),
    put: async (path, body) => void (await call('PUT', path, body)),
    patch: async (path, body) => void (await call('PATCH', path, body)),
  };
}

function callApi(socketPath: string, method: string, path: string, body: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'x-openstack-ironic-api-version': 'latest',
    };
    const call = request({ socketPath, method, path, headers, timeout: 30_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('error', reject).once('end', () => {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve(text);
        else reject(refusal(`${method} ${path}`, status, text));
      });
    });
    call.once('timeout', () => call.destroy(new Error(`${method} ${path}: no answer in 30 s`)));
    call.once('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function refusal(what: string, status: number, text: string): LabFault {
  return new LabFault(
    `The conductor refused ${what} with ${status}: ${faultString(text)}`,
    "Read the conductor's log, log/conductor.log in the lab's folder.",
  );
}

/** Ironic's errors are JSON, whose `error_message` may be JSON once more. */
function faultString(text: string): string {
  try {
    const { error_message: inner } = JSON.parse(text);
    const fault = typeof inner === 'string' ? JSON.parse(inner) : inner;
    return String(fault.faultstring);
  } catch {
    return text.slice(0, 500);
  }
}
