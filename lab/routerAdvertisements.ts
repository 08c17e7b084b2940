import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BRIDGE_NAME, netArgument } from './network.ts';
import { startDaemon } from './processes.ts';

// No prefix and no default route: the lab is IPv4 only.
const RADVD_CONF = `interface ${BRIDGE_NAME} {
  AdvSendAdvert on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 4;
  AdvDefaultLifetime 0;
};
`;

/**
 * Answers router solicitations. iPXE's boot ROM configures IPv6 beside IPv4 and, on a network
 * where nobody advertises, waits 13 seconds for it before it goes on.
 */
export async function startRouterAdvertisements(netns: string, stateDir: string): Promise<void> {
  const config = join(stateDir, 'radvd.conf');
  await writeFile(config, RADVD_CONF);
  const files = ['--config', config, '--pidfile', join(stateDir, 'radvd.pid')];
  const radvd = ['radvd', '--nodaemon', '--logmethod', 'stderr', ...files];
  await startDaemon(stateDir, 'radvd', ['nsenter', netArgument(netns), '--', ...radvd]);
}
