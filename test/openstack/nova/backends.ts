import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Daemons, freePort, SYSTEM_ENV } from '../support/daemons.ts';

/** A MariaDB that is reached by its socket only. */
export type Database = {
  /** What SQLAlchemy takes for the database of that name. */
  readonly connection: (name: string) => string;
};

/** Starts a MariaDB with empty databases; nothing of it needs to survive a power cut. */
export async function startDatabase(daemons: Daemons, names: readonly string[]): Promise<Database> {
  const folder = join(daemons.folder, 'mariadb');
  const socket = join(daemons.folder, 'mariadb.sock');
  const common = ['--no-defaults', `--datadir=${folder}`, '--user=root'];
  const env = { ...SYSTEM_ENV, HOME: daemons.folder };
  await execa(
    'mariadb-install-db',
    [...common, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { env, extendEnv: false },
  );
  const careless = ['--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=0'];
  const only = [`--socket=${socket}`, '--skip-networking', `--pid-file=${socket}.pid`];
  await daemons.start('mariadb', ['mariadbd', ...common, ...only, ...careless], {
    ready: () => connects({ path: socket }),
  });
  const create = names.map((name) => `create database ${name} character set utf8`).join('; ');
  await execa('mariadb', ['--no-defaults', `--socket=${socket}`, '--execute', create], {
    env,
    extendEnv: false,
  });
  return {
    connection: (name) =>
      `mysql+pymysql://root@localhost/${name}?unix_socket=${socket}&charset=utf8`,
  };
}

/** Starts a RabbitMQ with a name server of its own; resolves with what oslo.messaging takes. */
export async function startRabbit(daemons: Daemons): Promise<string> {
  const folder = join(daemons.folder, 'rabbit');
  await mkdir(folder);
  const [names, queue, peers] = [await freePort(), await freePort(), await freePort()];
  await writeFile(join(folder, 'rabbit.conf'), `listeners.tcp.1 = 127.0.0.1:${queue}\n`);
  await writeFile(join(folder, 'plugins'), '[].\n');
  const env = {
    HOME: folder,
    ERL_EPMD_PORT: String(names),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: 'ironpxe@localhost',
    RABBITMQ_DIST_PORT: String(peers),
    // The script then becomes the server, and does not stay beside it.
    RUNNING_UNDER_SYSTEMD: 'yes',
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbit.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_PID_FILE: join(folder, 'pid'),
  };
  // Started by RabbitMQ itself it would go on when all else has ended.
  await daemons.start('epmd', ['epmd'], { env, ready: () => connects({ port: names }) });
  await daemons.start('rabbitmq', ['/usr/lib/rabbitmq/bin/rabbitmq-server'], {
    env,
    ready: () => connects({ port: queue }),
  });
  return `rabbit://guest:guest@127.0.0.1:${queue}/`;
}

function connects(where: { readonly path: string } | { readonly port: number }): Promise<boolean> {
  const address = 'path' in where ? where : { ...where, host: '127.0.0.1' };
  return new Promise((resolve) => {
    const socket = connect(address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
