import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { netArgument } from '../../../lab/network.ts';

/** Keystone and Glance on the loopback of a network namespace, for the user "demo". */
export type NamespacedCloud = AsyncDisposable & {
  readonly authUrl: string;
  readonly password: string;
  /** Where the services log. */
  readonly folder: string;
  /** The `OS_*` variables of the user. */
  readonly env: Readonly<Record<string, string>>;
};

const PROGRAM = join(import.meta.dirname, 'serve.ts');

/**
 * Starts both in the namespace, with "nova" also Placement, Neutron and Nova; no route leads to them
 * from elsewhere.
 */
export async function startCloud(
  netns: string,
  quotaMib: number,
  more: readonly 'nova'[] = [],
): Promise<NamespacedCloud> {
  const program = [process.execPath, PROGRAM, String(quotaMib), ...more];
  const command = [netArgument(netns), '--', ...program];
  const child = execa('nsenter', command, { stderr: 'inherit', buffer: false, reject: false });
  const first = once(createInterface({ input: child.stdout }), 'line').then(String);
  const said = await Promise.race([first, child.then(() => undefined)]);
  if (said === undefined) throw new Error('The services of OpenStack did not start.');
  const { authUrl, password, folder } = JSON.parse(said) as Record<
    'authUrl' | 'password' | 'folder',
    string
  >;
  return {
    authUrl,
    password,
    folder,
    env: {
      OS_AUTH_URL: authUrl,
      OS_USERNAME: 'demo',
      OS_PASSWORD: password,
      OS_PROJECT_NAME: 'demo',
      OS_USER_DOMAIN_NAME: 'Default',
      OS_PROJECT_DOMAIN_NAME: 'Default',
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await child;
    },
  };
}
