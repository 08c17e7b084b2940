import { IronpxeError } from '../errors/error.ts';
import type { Portgroup } from '../store/resources.ts';
import type { Port } from '../store/types.ts';

/** The key of `internal_info` with the VIF of a port or portgroup, as in Ironic. */
export const TENANT_VIF = 'tenant_vif_port_id';

/** What a VIF can be attached to. */
export type Socket =
  | { readonly kind: 'port'; readonly port: Port }
  | { readonly kind: 'portgroup'; readonly portgroup: Portgroup };

/** What a node has, and where the VIF is wished to go. */
export type Choice = {
  readonly nodeUuid: string;
  readonly ports: readonly Port[];
  readonly portgroups: readonly Portgroup[];
  readonly vif: string;
  readonly portUuid?: string | undefined;
  readonly portgroupUuid?: string | undefined;
  /** The physical networks behind the VIF; none: any port will do. */
  readonly physicalNetworks: readonly string[];
};

/** Every port and portgroup that may carry a VIF. */
function socketsOf({ ports, portgroups }: Pick<Choice, 'ports' | 'portgroups'>): Socket[] {
  const standalone = (port: Port): boolean =>
    port.portgroupUuid === null ||
    portgroups.some((group) => group.uuid === port.portgroupUuid && group.standalonePortsSupported);
  return [
    ...portgroups.map((portgroup) => ({ kind: 'portgroup', portgroup }) as const),
    ...ports.filter(standalone).map((port) => ({ kind: 'port', port }) as const),
  ];
}

/** The VIF that stands on a port or portgroup. */
export function vifOf(socket: Socket): string | undefined {
  const { internalInfo } = socket.kind === 'port' ? socket.port : socket.portgroup;
  const vif = internalInfo[TENANT_VIF];
  return typeof vif === 'string' ? vif : undefined;
}

/** Ports and portgroups that carry a VIF, with it. */
export function attachedVifs(
  choice: Pick<Choice, 'ports' | 'portgroups'>,
): readonly { readonly vif: string; readonly socket: Socket }[] {
  return socketsOf(choice).flatMap((socket) => {
    const vif = vifOf(socket);
    return vif === undefined ? [] : [{ vif, socket }];
  });
}

/**
 * The free port or portgroup that a VIF goes to: portgroups first, then ports that boot from the
 * network. @throws IronpxeError VIF_ATTACHED, VIF_NO_FREE_PORT
 */
export function chooseSocket(choice: Choice): Socket {
  const { vif, nodeUuid, portUuid, portgroupUuid, physicalNetworks } = choice;
  const taken = attachedVifs(choice).find((each) => each.vif === vif)?.socket;
  if (taken !== undefined)
    throw new IronpxeError(
      'VIF_ATTACHED',
      `Unable to attach VIF because VIF ${vif} is already attached to Ironic ${taken.kind} ${uuidOf(taken)}.`,
    );
  const fits = (socket: Socket): boolean => {
    const wanted = socket.kind === 'port' ? portUuid : portgroupUuid;
    if ((portUuid ?? portgroupUuid) !== undefined && uuidOf(socket) !== wanted) return false;
    return vifOf(socket) === undefined && reaches(socket, choice, physicalNetworks);
  };
  const bestFirst = (socket: Socket): number =>
    socket.kind === 'portgroup' ? 0 : socket.port.pxeEnabled ? 1 : 2;
  const [best] = socketsOf(choice)
    .filter(fits)
    .toSorted((a, b) => bestFirst(a) - bestFirst(b));
  if (best !== undefined) return best;
  throw new IronpxeError(
    'VIF_NO_FREE_PORT',
    `Unable to attach VIF ${vif}, not enough free physical ports on node ${nodeUuid}.`,
  );
}

function uuidOf(socket: Socket): string {
  return socket.kind === 'port' ? socket.port.uuid : socket.portgroup.uuid;
}

/** A port without a physical network is taken to reach every one. */
function reaches(
  socket: Socket,
  { ports }: Pick<Choice, 'ports'>,
  physicalNetworks: readonly string[],
): boolean {
  const own =
    socket.kind === 'port'
      ? [socket.port]
      : ports.filter((port) => port.portgroupUuid === socket.portgroup.uuid);
  return (
    physicalNetworks.length === 0 ||
    own.every(
      (port) => port.physicalNetwork === null || physicalNetworks.includes(port.physicalNetwork),
    )
  );
}
