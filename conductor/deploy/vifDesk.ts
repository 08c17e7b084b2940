import type { Networking } from '../networking/networking.ts';
import type { Node } from '../store/types.ts';
import type { Conductor } from './conductor.ts';

/** How long Neutron may take for all that an attachment needs. */
const ANSWER_TIMEOUT_MS = 60_000;

type Options = {
  readonly networking: Networking | undefined;
  readonly lock: (node: Node) => Promise<AsyncDisposable>;
  readonly signal: AbortSignal;
};

/** Attaches VIFs to nodes as the API asks. Where a node has no networks of ours, nothing is done. */
export function createVifDesk({
  networking,
  lock,
  signal,
}: Options): Pick<Conductor, 'listVifs' | 'attachVif' | 'detachVif'> {
  const within = () => AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  return {
    listVifs: async (node) => (await networking?.listVifs(node)) ?? [],
    async attachVif(node, request) {
      await using _ = await lock(node);
      await networking?.attachVif(node, request, within());
    },
    async detachVif(node, vif) {
      await using _ = await lock(node);
      await networking?.detachVif(node, vif, within());
    },
  };
}
