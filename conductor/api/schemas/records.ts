import { z } from 'zod';
import { deployStep } from './states.ts';
import { emptyable, numberOrText, text255, trait, uuid } from './values.ts';

/** The fields of a volume connector that clients write. */
export const volumeConnectorWrite = z.strictObject({
  uuid: uuid.optional(),
  node_uuid: uuid,
  type: text255,
  connector_id: text255,
  extra: emptyable,
});

/** The fields of a volume target that clients write. */
export const volumeTargetWrite = z.strictObject({
  uuid: uuid.optional(),
  node_uuid: uuid,
  volume_type: text255,
  volume_id: text255,
  boot_index: z.union([z.int(), numberOrText(0)]),
  properties: emptyable,
  extra: emptyable,
});

/** The fields of a chassis that clients write. */
export const chassisWrite = z.strictObject({
  uuid: uuid.optional(),
  description: text255.nullish(),
  extra: emptyable,
});

/** `POST /v1/allocations` */
export const allocationWrite = z.strictObject({
  uuid: uuid.optional(),
  name: z.string().nullish(),
  node: z.string().nullish(),
  candidate_nodes: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? []),
  resource_class: z.string().max(80).nullish(),
  traits: z
    .array(trait)
    .nullish()
    .transform((value) => value ?? []),
  owner: text255.nullish(),
  extra: emptyable,
});

/** What of an allocation PATCH changes. */
export const allocationPatched = z.strictObject({ name: z.string().nullish(), extra: emptyable });

/** The fields of a deploy template that clients write. */
export const templateWrite = z
  .strictObject({
    uuid: uuid.optional(),
    name: trait,
    steps: z.array(deployStep).min(1),
    extra: emptyable,
  })
  .refine(({ steps }) => new Set(steps.map(stepName)).size === steps.length, {
    error: 'A deploy template cannot have several steps with the same interface and step.',
  });

function stepName(step: { readonly interface: string; readonly step: string }): string {
  return `${step.interface}.${step.step}`;
}
