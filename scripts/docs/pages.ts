import { apiReference } from '../../conductor/api/reference.ts';
import { exampleConfiguration } from './configuration.ts';
import { errorsPage } from './errors.ts';
import { policyPage } from './policy.ts';
import { provisionStatesPage } from './provisionStates.ts';
import { whyPage } from './why.ts';

/** The generated documents: path from the top of the tree → what writes its text. */
export const GENERATED_PAGES: Readonly<Record<string, () => string>> = {
  'docs/reference/provision-states.md': provisionStatesPage,
  'docs/reference/api.md': apiReference,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/policy.md': policyPage,
  'docs/reference/why.md': whyPage,
  'docs/ironpxe.example.yaml': exampleConfiguration,
};
