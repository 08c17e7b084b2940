import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import got from 'got';
import type { Cloud, Credentials } from '../../../image-tools/glance/cloud.ts';
import { glanceConf, keystoneConf, QUOTA_BYTES } from './configs.ts';
import { answers, Daemons, freePort, SYSTEM_ENV } from './daemons.ts';

const ADMIN = { name: 'admin', domain: { name: 'Default' } } as const;

/** The distribution's Keystone and Glance on loopback, in a folder of their own, without systemd. */
export class OpenStack implements AsyncDisposable {
  readonly folder: string;
  readonly keystonePort: number;
  readonly glancePort: number;
  readonly quotaBytes: number;
  readonly password = 'a secret: with "signs"';
  readonly #daemons: Daemons;

  private constructor(
    folder: string,
    keystonePort: number,
    glancePort: number,
    quotaBytes: number,
  ) {
    this.quotaBytes = quotaBytes;
    this.folder = folder;
    this.#daemons = new Daemons(folder);
    this.keystonePort = keystonePort;
    this.glancePort = glancePort;
  }

  /** `quotaBytes`: the most that a user may store; {@link QUOTA_BYTES} by default. */
  static async start({ quotaBytes = QUOTA_BYTES } = {}): Promise<OpenStack> {
    const folder = await mkdtemp(join(tmpdir(), 'ironpxe-openstack-'));
    const services = new OpenStack(folder, await freePort(), await freePort(), quotaBytes);
    try {
      await services.#prepare();
      await services.#start('keystone', [
        'keystone-wsgi-public',
        '--host',
        '127.0.0.1',
        '--port',
        String(services.keystonePort),
      ]);
      await services.#enroll();
      await services.startGlance();
    } catch (error) {
      const logs = await services.logs();
      await services[Symbol.asyncDispose]();
      throw new Error(`OpenStack did not start.\n${logs}`, { cause: error });
    }
    return services;
  }

  get authUrl(): string {
    return `http://127.0.0.1:${this.keystonePort}`;
  }

  get glanceUrl(): string {
    return `http://127.0.0.1:${this.glancePort}`;
  }

  /** The user "demo", a member of the project of the same name. */
  cloud(password = this.password): Cloud {
    const demo = { name: 'demo', domain: { name: 'Default' } };
    const credentials = { kind: 'password', user: demo, password, project: demo } as const;
    return { authUrl: this.authUrl, credentials };
  }

  /** An application credential of the user "demo". */
  async applicationCredential(): Promise<Credentials> {
    const demo = { name: 'demo', domain: { name: 'Default' } };
    const { api, userId } = await this.#logIn(demo);
    const { application_credential: made } = await api(
      'POST',
      `users/${userId}/application_credentials`,
      {
        application_credential: { name: 'images' },
      },
    );
    const { id, secret } = made;
    return { kind: 'application-credential', id, name: undefined, user: undefined, secret };
  }

  async startGlance(): Promise<void> {
    await this.#start('glance', ['glance-api', '--config-file', join(this.folder, 'glance.conf')]);
  }

  /** As a crash does: no chance to tidy up. */
  killGlance(): Promise<void> {
    return this.#daemons.end('glance', 'SIGKILL');
  }

  /** The last lines that the services wrote. */
  logs(): Promise<string> {
    return this.#daemons.logs();
  }

  async #prepare(): Promise<void> {
    for (const name of ['fernet', 'credential', 'images', 'staging', 'tasks', 'lock'])
      await mkdir(join(this.folder, name), { mode: 0o700 });
    await writeFile(join(this.folder, 'keystone.conf'), keystoneConf(this.folder));
    await writeFile(join(this.folder, 'glance.conf'), glanceConf(this));
    const keystone = (...args: string[]) =>
      execa('keystone-manage', ['--config-file', join(this.folder, 'keystone.conf'), ...args], {
        env: SYSTEM_ENV,
      });
    const owner = [
      '--keystone-user',
      String(process.getuid?.()),
      '--keystone-group',
      String(process.getgid?.()),
    ];
    await Promise.all([
      keystone('db_sync'),
      keystone('fernet_setup', ...owner),
      keystone('credential_setup', ...owner),
      execa('glance-manage', ['--config-file', join(this.folder, 'glance.conf'), 'db_sync'], {
        env: SYSTEM_ENV,
      }),
    ]);
    const region = [
      '--bootstrap-region-id',
      'RegionOne',
      '--bootstrap-public-url',
      `${this.authUrl}/v3`,
      // Glance asks there whether a token is good.
      '--bootstrap-internal-url',
      `${this.authUrl}/v3`,
    ];
    for (const name of ['keystone', 'glance'])
      await execa('python3', ['-c', WRITE_AHEAD, join(this.folder, `${name}.sqlite`)], {
        env: SYSTEM_ENV,
      });
    await keystone('bootstrap', '--bootstrap-password', this.password, ...region);
  }

  /** Makes users, projects and the image endpoint, as an administrator does. */
  async #enroll(): Promise<void> {
    const { api } = await this.#logIn(ADMIN);
    const roles: Record<string, string> = Object.fromEntries(
      (await api('GET', 'roles')).roles.map(({ name, id }) => [name, id]),
    );
    for (const [name, project, role] of [
      ['glance', 'service', 'admin'],
      ['demo', 'demo', 'member'],
    ] as const) {
      const { project: made } = await api('POST', 'projects', {
        project: { name: project, domain_id: 'default' },
      });
      const { user } = await api('POST', 'users', {
        user: { name, domain_id: 'default', password: this.password },
      });
      await api('PUT', `projects/${made.id}/users/${user.id}/roles/${roles[role]}`);
    }
    const { service } = await api('POST', 'services', {
      service: { type: 'image', name: 'glance' },
    });
    const endpoint = {
      service_id: service.id,
      interface: 'public',
      region_id: 'RegionOne',
      url: this.glanceUrl,
    };
    await api('POST', 'endpoints', { endpoint });
  }

  async #logIn(who: { readonly name: string; readonly domain: { readonly name: string } }) {
    const identity = {
      methods: ['password'],
      password: { user: { ...who, password: this.password } },
    };
    const auth = { identity, scope: { project: who } };
    const answer = await got.post(`${this.authUrl}/v3/auth/tokens`, { json: { auth } });
    const headers = { 'x-auth-token': String(answer.headers['x-subject-token']) };
    const userId: string = JSON.parse(answer.body).token.user.id;
    const api = async (method: 'GET' | 'POST' | 'PUT', path: string, json?: object) => {
      const url = `${this.authUrl}/v3/${path}`;
      const { body } = await got(url, { method, headers, ...(json && { json }) });
      return (body === '' ? {} : JSON.parse(body)) as Made;
    };
    return { api, userId };
  }

  #start(name: 'keystone' | 'glance', command: readonly string[]): Promise<void> {
    const url = name === 'keystone' ? `${this.authUrl}/v3` : this.glanceUrl;
    return this.#daemons.start(name, command, {
      env: { OS_KEYSTONE_CONFIG_FILES: join(this.folder, 'keystone.conf') },
      ready: () => answers(url),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemons[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** What Keystone answers when something was made or listed. */
type Made = Readonly<Record<'project' | 'user' | 'service', { readonly id: string }>> & {
  readonly roles: readonly { readonly name: string; readonly id: string }[];
  readonly application_credential: { readonly id: string; readonly secret: string };
};

/**
 * With SQLite's default journal, a read that Keystone left open makes its next write fail as
 * "database is locked".
 */
const WRITE_AHEAD =
  'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("pragma journal_mode=wal")';
