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
  fault: string | null;
  retired: number;
  retiredReason: string | null;
  lessee: string | null;
  shard: string | null;
  parentNode: string | null;
  networkData: string;
  interfaces: string;
  bootMode: string | null;
  secureBoot: number | null;
  consoleEnabled: number;
  cleanStep: string;
  deployStep: string;
  serviceStep: string;
  raidConfig: string;
  targetRaidConfig: string;
  inspectionStartedAt: string | null;
  inspectionFinishedAt: string | null;
  allocationUuid: string | null;
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
  isSmartnic: number;
  name: string | null;
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
  shown: string | null;
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

export type AllocationsTable = {
  uuid: string;
  name: string | null;
  state: string;
  lastError: string | null;
  resourceClass: string | null;
  traits: string;
  candidateNodes: string;
  nodeUuid: string | null;
  owner: string | null;
  extra: string;
  createdAt: string;
  updatedAt: string | null;
};

export type DeployTemplatesTable = {
  uuid: string;
  name: string;
  steps: string;
  extra: string;
  createdAt: string;
  updatedAt: string | null;
};

/** What an inspection found, as it was reported. */
export type InventoriesTable = {
  nodeUuid: string;
  inventory: string;
  pluginData: string;
  createdAt: string;
};

export type TraitsTable = { nodeUuid: string; trait: string };

export type ImagesTable = {
  name: string;
  image: string;
  createdAt: string;
  updatedAt: string | null;
};

/** How machines of a model come to boot from the network. */
export type BootHabitsTable = {
  driver: string;
  model: string;
  method: string;
  slowestMs: number;
  seen: number;
  updatedAt: string;
};

/** Up to which event a receiver of webhooks has been served. */
export type WebhookCursorsTable = { receiver: string; eventId: number };

/** What runs in a part of a machine that has firmware. */
export type FirmwareComponentsTable = {
  nodeUuid: string;
  component: string;
  initialVersion: string;
  currentVersion: string;
  lastVersionFlashed: string | null;
  createdAt: string;
  updatedAt: string | null;
};

/** The whole database. */
export type Tables = {
  nodes: NodesTable;
  ports: PortsTable;
  chassis: ChassisTable;
  portgroups: PortgroupsTable;
  volumeConnectors: VolumeConnectorsTable;
  volumeTargets: VolumeTargetsTable;
  traits: TraitsTable;
  allocations: AllocationsTable;
  deployTemplates: DeployTemplatesTable;
  inventories: InventoriesTable;
  firmwareComponents: FirmwareComponentsTable;
  leases: LeasesTable;
  operations: OperationsTable;
  steps: StepsTable;
  events: EventsTable;
  bootFacts: BootFactsTable;
  bootHabits: BootHabitsTable;
  images: ImagesTable;
  webhookCursors: WebhookCursorsTable;
};
