import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answers, type Daemons, freePort } from './daemons.ts';

export type ConductorProcess = {
  readonly url: string;
  /** Its unix socket, on which nobody needs credentials. */
  readonly socket: string;
};

const PROGRAM = join(import.meta.dirname, '..', '..', '..', 'bin', 'ironpxe');

/** Starts a conductor without DHCP and TFTP, as an operator does; `sections` are added to its file. */
export async function startConductor(
  daemons: Daemons,
  sections: Readonly<Record<string, object>> = {},
  name = 'conductor',
): Promise<ConductorProcess> {
  const folder = join(daemons.folder, name);
  // It is there when one is started again on what another left.
  await mkdir(folder, { recursive: true });
  const [apiPort, bootPort] = [await freePort(), await freePort()];
  const socket = join(folder, 'api.sock');
  const config = {
    state_dir: folder,
    host: name,
    boot_http: {
      listen_address: '127.0.0.1',
      listen_port: bootPort,
      url: `http://127.0.0.1:${bootPort}`,
    },
    dhcp: { enabled: false },
    tftp: { enabled: false },
    ...sections,
    api: { listen_port: apiPort, socket, ...sections['api'] },
  };
  const path = join(folder, 'conductor.yaml');
  // JSON is YAML.
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  const url = `http://127.0.0.1:${apiPort}`;
  await daemons.start(name, [PROGRAM, 'conductor', '--config', path], {
    ready: () => answers(url),
    stopSignal: 'SIGTERM',
  });
  return { url, socket };
}
