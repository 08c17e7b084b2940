import type { Config } from '../../config/schema.ts';
import type { Driver, DriverNode } from '../../drivers/types.ts';
import type { EventKind } from '../../events/kinds.ts';
import type { StateEvent, Verb } from '../../states/index.ts';
import type { Glance } from '../../openstack/glance.ts';
import type { Database } from '../../store/database.ts';
import type { JsonObject, Node, NodePatch } from '../../store/types.ts';

/** What every step may use; made once by the conductor. */
export type StepServices = {
  readonly database: Database;
  readonly config: Config;
  readonly drivers: ReadonlyMap<string, Driver>;
  /** Where images with a UUID are; without it there are none. */
  readonly glance?: Glance | undefined;
};

/** What a step knows of its node and operation, and how it says things. */
export interface StepContext {
  readonly services: StepServices;
  readonly operationUuid: string;
  readonly nodeUuid: string;
  readonly verb: Verb;
  /** 1 for the first run of this step; more when a restarted conductor runs it again. */
  readonly attempt: number;
  /** Aborts when the conductor stops or the operation is cancelled. */
  readonly signal: AbortSignal;
  /** The node as it is now. */
  node(): Promise<Node>;
  /** The node as its driver sees it, with the driver. */
  machine(): Promise<{ readonly driver: Driver; readonly node: DriverNode }>;
  /** What steps of this operation remembered. */
  recall(): Promise<JsonObject>;
  remember(patch: JsonObject): Promise<void>;
  observe(kind: EventKind, message: string, data?: JsonObject): Promise<void>;
  /** Like `observe`, for call-backs that cannot wait; a failure is logged. */
  say(kind: EventKind, message: string, data?: JsonObject): void;
  changeState(event: StateEvent): Promise<void>;
  updateNode(patch: NodePatch): Promise<void>;
  /** Runs `work` with the node unlocked, and locks it again. */
  unlocked<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Resolves with what `look` finds, looking again at each wake-up of the node; `undefined` when
   * nothing was found by `deadlineMs` (milliseconds since the epoch).
   */
  until<T>(look: () => Promise<T | undefined>, deadlineMs: number): Promise<T | undefined>;
}

/**
 * A named part of an operation. It is journaled before it runs, and must be able to run again from
 * its start after a kill at any moment.
 */
export type Step = {
  readonly name: string;
  /** For people, in a few words. */
  readonly title: string;
  readonly run: (context: StepContext) => Promise<void>;
};

/** How a verb is carried out. */
export type Procedure = {
  readonly steps: readonly Step[];
  /** The state events that end it well, one after the other. */
  readonly doneEvents: readonly StateEvent[];
  /** Leaves nothing half-done behind after a failure or a cancellation; may be run again. */
  readonly cleanUp?: (context: StepContext) => Promise<void>;
};
