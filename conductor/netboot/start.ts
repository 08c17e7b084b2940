import type { FastifyInstance } from 'fastify';
import type { NewEvent } from '../events/kinds.ts';
import type { Ipv4 } from '../values/ipv4.ts';
import { withEventBudget } from './budget.ts';
import type { DhcpOptions } from './dhcp/config.ts';
import { startDhcp, type DhcpExtras, type DhcpServer } from './dhcp/server.ts';
import type { NetbootFacts } from './facts.ts';
import { buildBootHttp } from './http/plugin.ts';
import { listenError } from './listen.ts';
import type { BootTemplates } from './templates/load.ts';
import { startTftp, type TftpOptions, type TftpServer } from './tftp/server.ts';
import { checkLoaders, LOADER_FILES, type LoaderFile } from './tree/loaders.ts';
import { tappedTree } from './tap.ts';
import { bootTree, type TreeOptions } from './tree/tree.ts';

/** How machines are booted from the network. */
export type NetbootOptions = {
  /** Left out where another DHCP server answers. */
  readonly dhcp?: DhcpOptions;
  readonly tftp?: TftpOptions;
  readonly http: {
    readonly listenAddress: Ipv4;
    readonly listenPort: number;
    /** Adds routes, such as the deploy ramdisk's call-back, before the server listens. */
    readonly routes?: (app: FastifyInstance) => Promise<void> | void;
  };
  /** `lease` by default: see {@link TreeOptions}. */
  readonly clientCheck?: TreeOptions['clientCheck'];
  /** `use` by default: see {@link TreeOptions}. */
  readonly ipxeRom?: TreeOptions['ipxeRom'];
  readonly advertised?: TreeOptions['advertised'];
  /** The distribution's files by default. */
  readonly loaders?: Readonly<Record<string, LoaderFile>>;
};

/** The running services. */
export type Netboot = AsyncDisposable & {
  readonly dhcp: DhcpServer | undefined;
  readonly tftp: TftpServer | undefined;
  readonly http: { readonly app: FastifyInstance; readonly listenPort: number };
};

/**
 * Starts what is wished of DHCP, TFTP and HTTP boot; all of it or nothing.
 * @throws IronpxeError NETBOOT_LOADER_MISSING, NETBOOT_SUBNET_INVALID, NETBOOT_LISTEN_IN_USE,
 * NETBOOT_LISTEN_REFUSED
 */
export async function startNetboot(
  options: NetbootOptions,
  facts: NetbootFacts,
  templates: BootTemplates,
  extras: DhcpExtras = {},
): Promise<Netboot> {
  const { loaders = LOADER_FILES } = options;
  const missingLoaders = await checkLoaders(loaders);
  const bounded = withEventBudget(facts, (nodeUuid) =>
    extras.onError?.(new Error(`too many netboot events of ${nodeUuid ?? 'unknown machines'}`)),
  );
  const observe = (event: NewEvent): void => bounded.observe(event);
  const tree = bootTree(facts, templates, { ...treeChoices(options), loaders });
  const tapped = (protocol: 'tftp' | 'http') => tappedTree(tree, protocol, facts, extras.tap);
  await using started = new AsyncDisposableStack();
  const tftp = options.tftp && started.use(await startTftp(options.tftp, tapped('tftp'), observe));
  const app = started.adopt(await buildBootHttp({ tree: tapped('http'), observe }), (server) =>
    server.close(),
  );
  await options.http.routes?.(app);
  const httpPort = await listen(app, options.http);
  // DHCP last: no machine is sent anywhere before there is something to answer it.
  const dhcp =
    options.dhcp &&
    started.use(
      await startDhcp({ ...withUrls(options.dhcp, httpPort), missingLoaders }, bounded, extras),
    );
  const running = started.move();
  return {
    dhcp,
    tftp,
    http: { app, listenPort: httpPort },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function listen(
  app: FastifyInstance,
  { listenAddress, listenPort }: { listenAddress: Ipv4; listenPort: number },
): Promise<number> {
  try {
    await app.listen({ host: listenAddress, port: listenPort });
  } catch (error) {
    const wish = {
      service: 'HTTP boot',
      protocol: 'tcp',
      address: listenAddress,
      listenPort,
    } as const;
    throw await listenError(wish, error);
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : listenPort;
}

/** How the tree is made up, apart from what stands on the disk; recordings keep it. */
export function treeChoices(options: NetbootOptions): Omit<TreeOptions, 'loaders'> {
  const { clientCheck = 'lease', ipxeRom = 'use', advertised } = options;
  return { clientCheck, ipxeRom, ...(advertised && { advertised }) };
}

/** Fills in the HTTP address of subnets that name none: this server's. */
function withUrls(dhcp: DhcpOptions, httpPort: number): DhcpOptions {
  const httpUrl = `http://${dhcp.serverAddress}:${httpPort}`;
  return { ...dhcp, subnets: dhcp.subnets.map((subnet) => ({ httpUrl, ...subnet })) };
}
