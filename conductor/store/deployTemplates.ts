import type { RecordKind, Stored } from './records.ts';
import type { JsonObject } from './types.ts';

/** A step that a deploy template adds to deploys. */
export type TemplateStep = {
  readonly interface: string;
  readonly step: string;
  readonly args: JsonObject;
  readonly priority: number;
};

/** Steps for the deploys of instances that ask for the trait of this name. */
export type DeployTemplate = Stored & {
  readonly name: string;
  readonly steps: readonly TemplateStep[];
  readonly extra: JsonObject;
};

export const DEPLOY_TEMPLATES: RecordKind<DeployTemplate> = {
  table: 'deployTemplates',
  noun: 'Deploy template',
  json: ['steps', 'extra'],
  booleans: [],
  notFound: 'RECORD_NOT_FOUND',
  exists: 'RECORD_EXISTS',
  nameColumn: 'name',
};
