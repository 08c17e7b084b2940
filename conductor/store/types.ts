import type { PowerState } from '../drivers/types.ts';
import type { ProvisionState, Verb } from '../states/index.ts';
import type { Mac } from '../values/mac.ts';

/** A JSON object as the API takes and gives it. */
export type JsonObject = Record<string, unknown>;

/** A node, parsed. Times are ISO 8601 text. */
export type Node = {
  readonly uuid: string;
  readonly name: string | null;
  readonly driver: string;
  readonly chassisUuid: string | null;
  readonly driverInfo: JsonObject;
  readonly driverInternalInfo: JsonObject;
  readonly instanceInfo: JsonObject;
  readonly instanceUuid: string | null;
  readonly properties: JsonObject;
  readonly extra: JsonObject;
  readonly resourceClass: string | null;
  readonly provisionState: ProvisionState;
  readonly targetProvisionState: ProvisionState | null;
  readonly provisionUpdatedAt: string | null;
  readonly powerState: PowerState | null;
  readonly targetPowerState: PowerState | null;
  readonly lastError: string | null;
  readonly maintenance: boolean;
  readonly maintenanceReason: string | null;
  /** Whether the node is cleaned between users; null: as the conductor is configured. */
  readonly automatedClean: boolean | null;
  /** A protected node is neither undeployed, rebuilt nor removed. */
  readonly protected: boolean;
  readonly protectedReason: string | null;
  readonly owner: string | null;
  readonly description: string | null;
  /** Why the conductor itself put the node into maintenance: `power failure`, `clean failure`, … */
  readonly fault: string | null;
  /** A retired node is not offered again: cleaned, it ends in `manageable`. */
  readonly retired: boolean;
  readonly retiredReason: string | null;
  readonly lessee: string | null;
  readonly shard: string | null;
  /** UUID of the node that this one is built into, such as the host of a smart NIC. */
  readonly parentNode: string | null;
  readonly networkData: JsonObject;
  /** Interfaces set by users, kind (`boot`, `power`, …) → name; the driver's default otherwise. */
  readonly interfaces: Readonly<Record<string, string>>;
  /** As the machine reported it last; null when the hardware does not tell. */
  readonly bootMode: string | null;
  readonly secureBoot: boolean | null;
  readonly consoleEnabled: boolean;
  /** The clean, deploy and service step that runs now, in Ironic's form; empty when none does. */
  readonly cleanStep: JsonObject;
  readonly deployStep: JsonObject;
  readonly serviceStep: JsonObject;
  readonly raidConfig: JsonObject;
  readonly targetRaidConfig: JsonObject;
  readonly inspectionStartedAt: string | null;
  readonly inspectionFinishedAt: string | null;
  readonly allocationUuid: string | null;
  /** The conductor that holds the node now, if any. */
  readonly reservation: string | null;
  readonly createdAt: string;
  readonly updatedAt: string | null;
};

/** What may be changed by {@link Node} updates; the state only changes through `transition`. */
export type NodePatch = Partial<
  Omit<
    Node,
    | 'uuid'
    | 'provisionState'
    | 'targetProvisionState'
    | 'provisionUpdatedAt'
    | 'reservation'
    | 'createdAt'
    | 'updatedAt'
  >
>;

/** A port: one NIC of a node. */
export type Port = {
  readonly uuid: string;
  readonly nodeUuid: string;
  readonly address: Mac;
  readonly pxeEnabled: boolean;
  readonly extra: JsonObject;
  readonly internalInfo: JsonObject;
  readonly localLinkConnection: JsonObject;
  readonly portgroupUuid: string | null;
  readonly physicalNetwork: string | null;
  readonly isSmartnic: boolean;
  readonly name: string | null;
  readonly createdAt: string;
  readonly updatedAt: string | null;
};

/** A chassis: what holds nodes, such as a blade enclosure. */
export type Chassis = {
  readonly uuid: string;
  readonly description: string | null;
  readonly extra: JsonObject;
  readonly createdAt: string;
  readonly updatedAt: string | null;
};

export const OPERATION_STATUSES = ['running', 'failing', 'done', 'failed', 'cancelled'] as const;
/** `failing`: the error is known and journaled, cleaning up is still to be done. */
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

/** A verb being carried out on a node. A deployment is one with the verb `deploy` or `rebuild`. */
export type Operation = {
  readonly uuid: string;
  readonly nodeUuid: string;
  readonly verb: Verb;
  readonly status: OperationStatus;
  /** What its steps hand to each other, and to themselves after a restart. */
  readonly data: JsonObject;
  readonly error: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
};

export type StepStatus = 'pending' | 'running' | 'done' | 'failed';

/** A step of an operation, as journaled. */
export type JournaledStep = {
  readonly operationUuid: string;
  readonly position: number;
  readonly name: string;
  /** How users name it: `interface`, `step`, `priority` and, where given, `args`. */
  readonly shown: JsonObject | null;
  readonly status: StepStatus;
  readonly attempts: number;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
};

/** An entry of the timeline. */
export type TimelineEvent = {
  readonly id: number;
  readonly at: string;
  readonly nodeUuid: string | null;
  readonly operationUuid: string | null;
  readonly kind: string;
  readonly message: string;
  readonly data: JsonObject;
};
