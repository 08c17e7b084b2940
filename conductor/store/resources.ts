import type { RecordKind, Stored } from './records.ts';
import type { JsonObject } from './types.ts';

/** Several ports of a node that act as one link (bonding). */
export type Portgroup = Stored & {
  readonly nodeUuid: string;
  readonly name: string | null;
  readonly address: string | null;
  readonly mode: string;
  readonly properties: JsonObject;
  readonly extra: JsonObject;
  readonly internalInfo: JsonObject;
  readonly standalonePortsSupported: boolean;
};

export const PORTGROUPS: RecordKind<Portgroup> = {
  table: 'portgroups',
  noun: 'Portgroup',
  json: ['properties', 'extra', 'internalInfo'],
  booleans: ['standalonePortsSupported'],
  notFound: 'RECORD_NOT_FOUND',
  exists: 'RECORD_EXISTS',
  nameColumn: 'name',
};

/** By what name a node reaches remote volumes. */
export type VolumeConnector = Stored & {
  readonly nodeUuid: string;
  readonly type: string;
  readonly connectorId: string;
  readonly extra: JsonObject;
};

export const VOLUME_CONNECTORS: RecordKind<VolumeConnector> = {
  table: 'volumeConnectors',
  noun: 'Volume connector',
  json: ['extra'],
  booleans: [],
  notFound: 'RECORD_NOT_FOUND',
  exists: 'RECORD_EXISTS',
};

/** A remote volume that a node is to use. */
export type VolumeTarget = Stored & {
  readonly nodeUuid: string;
  readonly volumeType: string;
  readonly volumeId: string;
  readonly bootIndex: number;
  readonly properties: JsonObject;
  readonly extra: JsonObject;
};

export const VOLUME_TARGETS: RecordKind<VolumeTarget> = {
  table: 'volumeTargets',
  noun: 'Volume target',
  json: ['properties', 'extra'],
  booleans: [],
  notFound: 'RECORD_NOT_FOUND',
  exists: 'RECORD_EXISTS',
};
