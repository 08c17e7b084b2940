import type { Generated } from 'kysely';

/** Columns of SQLite tables as they are stored. Booleans are 0 and 1, JSON and times are text. */
export type NodesTable = {
  uuid: string;
  name: string | null;
  driver: string;
  chassisUuid: string | null;
  driverInfo: string;
  driverInternalInfo: string;
  instanceInfo: string;
  instanceUuid: string | null;
  properties: string;
  extra: string;
  resourceClass: string | null;
  provisionState: string;
  targetProvisionState: string | null;
  provisionUpdatedAt: string | null;
  powerState: string | null;
  targetPowerState: string | null;
  lastError: string | null;
  maintenance: number;
  maintenanceReason: string | null;
  automatedClean: number | null;
  protected: number;
  protectedReason: string | null;
  owner: string | null;
  description: string | null;
  reservation: string | null;
  reservationExpiresAtMs: number | null;
  createdAt: string;
  updatedAt: string | null;
};

export type PortsTable = {
  uuid: string;
  nodeUuid: string;
  address: string;
  pxeEnabled: number;
  extra: string;
  internalInfo: string;
  localLinkConnection: string;
  portgroupUuid: string | null;
  physicalNetwork: string | null;
  createdAt: string;
  updatedAt: string | null;
};

export type LeasesTable = {
  address: string;
  mac: string;
  subnet: string;
  state: string;
  expiresAtMs: number;
};

/** A verb being carried out on a node; a deployment is an operation with the verb deploy or rebuild. */
export type OperationsTable = {
  uuid: string;
  nodeUuid: string;
  verb: string;
  status: string;
  data: string;
  error: string | null;
  startedAt: string;
  endedAt: string | null;
};

export type StepsTable = {
  operationUuid: string;
  position: number;
  name: string;
  status: string;
  attempts: number;
  startedAt: string | null;
  endedAt: string | null;
};

export type EventsTable = {
  id: Generated<number>;
  at: string;
  nodeUuid: string | null;
  operationUuid: string | null;
  kind: string;
  message: string;
  data: string;
};

export type BootFactsTable = {
  nodeUuid: string;
  label: string;
  files: string;
  deployOptions: string;
  bootOptions: string;
  diskIdentifier: string | null;
};

export type ChassisTable = {
  uuid: string;
  description: string | null;
  extra: string;
  createdAt: string;
  updatedAt: string | null;
};

export type PortgroupsTable = {
  uuid: string;
  nodeUuid: string;
  name: string | null;
  address: string | null;
  mode: string;
  properties: string;
  extra: string;
  internalInfo: string;
  standalonePortsSupported: number;
  createdAt: string;
  updatedAt: string | null;
};

export type VolumeConnectorsTable = {
  uuid: string;
  nodeUuid: string;
  type: string;
  connectorId: string;
  extra: string;
  createdAt: string;
  updatedAt: string | null;
};

export type VolumeTargetsTable = {
  uuid: string;
  nodeUuid: string;
  volumeType: string;
  volumeId: string;
  bootIndex: number;
  properties: string;
  extra: string;
  createdAt: string;
  updatedAt: string | null;
};

export type TraitsTable = { nodeUuid: string; trait: string };

/** The whole database. */
export type Tables = {
  nodes: NodesTable;
  ports: PortsTable;
  chassis: ChassisTable;
  portgroups: PortgroupsTable;
  volumeConnectors: VolumeConnectorsTable;
  volumeTargets: VolumeTargetsTable;
  traits: TraitsTable;
  leases: LeasesTable;
  operations: OperationsTable;
  steps: StepsTable;
  events: EventsTable;
  bootFacts: BootFactsTable;
};
