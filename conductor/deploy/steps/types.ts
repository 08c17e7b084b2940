import type { Config } from '../../config/schema.ts';
import type { Driver, DriverNode } from '../../drivers/types.ts';
import type { EventKind } from '../../events/kinds.ts';
import type { StateEvent, Verb } from '../../states/index.ts';
import type { Networking } from '../../networking/networking.ts';
import type { Glance } from '../../openstack/glance.ts';
import type { Database } from '../../store/database.ts';
import type { JsonObject, Node, NodePatch } from '../../store/types.ts';
import type { Admission } from '../admission/admission.ts';
import type { RelayDesk } from '../relay/desk.ts';
import type { AskedStep, ProvisionOptions } from '../conductor.ts';

/** What every step may use; made once by the conductor. */
export type StepServices = {
  readonly database: Database;
  readonly config: Config;
  readonly drivers: ReadonlyMap<string, Driver>;
  /** Where images with a UUID are; without it there are none. */
  readonly glance?: Glance | undefined;
  /** Without it every node has the network interface `noop`. */
  readonly networking?: Networking;
  /** What the configuration says unless given. Without any, writes begin at once. */
  readonly admission?: Admission;
  /** What the configuration says unless given. Without any, nothing is handed on. */
  readonly relay?: RelayDesk;
};

/** What a step knows of its node and operation, and how it says things. */
export interface StepContext {
  readonly services: StepServices;
  readonly operationUuid: string;
  readonly nodeUuid: string;
  readonly verb: Verb;
  /** What the step was asked with, by users who named it. */
  readonly args: JsonObject;
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

/** A step that users may ask for by name, in a cleaning, a service or with a deploy. */
export type OfferedStep = Step & {
  /** Ironic's interface that it belongs to, and its name there. */
  readonly interface: string;
  readonly step: string;
  /** What it takes, by name. */
  readonly args: Readonly<Record<string, { readonly what: string; readonly required: boolean }>>;
  /** Looks at the values before anything is done. @throws IronpxeError STEP_INVALID */
  readonly check?: (args: Readonly<JsonObject>) => void;
  /** Whether the deploy ramdisk must run for it. */
  readonly inBand: boolean;
  /** Found by its name alone: Ironic ignores the interface of such steps. */
  readonly reserved?: true;
  /** Whether a ramdisk that runs is gone after it. */
  readonly switchesPower?: true;
};

/** A step of a procedure with how users see it, as it is journaled. */
export type PlannedStep = { readonly step: Step; readonly shown: JsonObject | null };

/** From what the steps of an operation are planned. */
export type PlanRequest = {
  readonly node: Node;
  readonly config: Config;
  readonly options: ProvisionOptions;
  /** Steps of the deploy templates that the instance asks for. */
  readonly templateSteps: readonly AskedStep[];
};

/** How a verb is carried out. */
export type Procedure = {
  /** Every step that it may have. */
  readonly steps: readonly Step[];
  /**
   * Those that it has this time, in order; all by default.
   * @throws IronpxeError STEP_UNKNOWN, STEP_INVALID
   */
  readonly plan?: (request: PlanRequest) => readonly PlannedStep[];
  /** Ends an operation that cannot be planned; without it the verb itself is refused then. */
  readonly refusal?: Step;
  /** Leaves nothing half-done behind after a failure or a cancellation; may be run again. */
  readonly cleanUp?: (context: StepContext) => Promise<void>;
};
