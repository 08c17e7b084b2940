import { fileURLToPath } from 'node:url';
import type { Config } from '../config/schema.ts';
import { IronpxeError } from '../errors/error.ts';
import type { Node } from '../store/types.ts';
import { fileRef } from './imageRef.ts';
import { keepFile } from './nodeFiles.ts';
import type { StepContext } from './steps/types.ts';

const NAMES = ['deploy_kernel', 'deploy_ramdisk'] as const;
type Name = (typeof NAMES)[number];

/** Where a file of the ramdisk is: on this host, or somewhere from where it is fetched. */
type Source = { readonly path: string } | { readonly ref: string };

/** Paths of the ramdisk's kernel and of the ramdisk. */
export type DeployFiles = Readonly<Record<Name, string>>;

/**
 * Checks that the node has a ramdisk to boot: `driver_info` names it, else the configuration.
 * @throws IronpxeError DEPLOY_PARAMETER_MISSING, DEPLOY_PARAMETER_INVALID
 */
export function checkDeployFiles(node: Node, config: Config): void {
  for (const name of NAMES) sourceOf(node, name, config);
}

/**
 * Brings the ramdisk of a node onto this host, from Glance or HTTP where `driver_info` says so.
 * @throws IronpxeError DEPLOY_PARAMETER_*, IMAGE_*, OPENSTACK_*
 */
export async function fetchDeployFiles(context: StepContext): Promise<DeployFiles> {
  const node = await context.node();
  const pathOf = async (name: Name): Promise<string> => {
    const source = sourceOf(node, name, context.services.config);
    return 'path' in source ? source.path : keepFile(context, source.ref, name);
  };
  return {
    deploy_kernel: await pathOf('deploy_kernel'),
    deploy_ramdisk: await pathOf('deploy_ramdisk'),
  };
}

function sourceOf(node: Node, name: Name, config: Config): Source {
  const own = node.driverInfo[name] ?? node.driverInfo[`pxe_${name}`];
  if (typeof own === 'string' && own.startsWith('file:///')) return { path: fileURLToPath(own) };
  const { data: ref, error } = fileRef.safeParse(own);
  if (ref !== undefined) return { ref };
  if (own !== undefined)
    throw new IronpxeError(
      'DEPLOY_PARAMETER_INVALID',
      `driver_info/${name}: found ${JSON.stringify(own)}, ${error?.issues[0]?.message}.`,
    );
  const path = config.pxe[name];
  if (path !== undefined) return { path };
  throw new IronpxeError(
    'DEPLOY_PARAMETER_MISSING',
    `Node ${node.uuid} has no driver_info/${name}, and the configuration no pxe.${name}.`,
  );
}
