import type { z } from 'zod';
import { DEPLOY_TEMPLATES, type DeployTemplate } from '../../store/deployTemplates.ts';
import type { CrudSpec } from '../crud.ts';
import { wireTime } from '../links.ts';
import { maskSecrets } from '../masking.ts';
import { templateWrite } from '../schemas.ts';

/** `/v1/deploy_templates` */
export const TEMPLATE_SPEC: CrudSpec<DeployTemplate, z.output<typeof templateWrite>> = {
  kind: DEPLOY_TEMPLATES,
  schema: templateWrite,
  shape: {
    collection: 'deploy_templates',
    group: 'templateFields',
    uuid: (template) => template.uuid,
    brief: ['uuid', 'name'],
    fields: {
      uuid: (template) => template.uuid,
      created_at: (template) => wireTime(template.createdAt),
      updated_at: (template) => wireTime(template.updatedAt),
      extra: (template) => template.extra,
      name: (template) => template.name,
      steps: (template) =>
        template.steps.map((step) => ({ ...step, args: maskSecrets(step.args) })),
    },
  },
  patchable: { extra: {}, name: undefined, steps: undefined },
  sortColumns: { uuid: 'uuid', name: 'name', created_at: 'createdAt', updated_at: 'updatedAt' },
  filters: {},
  toFields: ({ name, steps, extra }) => ({ name, steps, extra }),
  toWritten: ({ name, steps, extra }) => ({ name, steps, extra }),
  check: async () => undefined,
  checkRemove: async () => undefined,
  // A template is of no node: whoever deploys at the moment has read it already.
  reserved: (_call, _nodeUuid, change) => change(),
  nodeOf: () => '',
  nodeOfWritten: () => '',
};
