import type { z } from 'zod';
import { buildConfigDrive } from '../../deploy/configDrive/build.ts';
import type { ProvisionOptions } from '../../deploy/conductor.ts';
import { SOFT_POWER_TARGETS } from '../../drivers/types.ts';
import { answerPowerRequest } from '../../deploy/manualDesk.ts';
import { IronpxeError } from '../../errors/error.ts';
import type { Verb } from '../../states/index.ts';
import type { Node } from '../../store/types.ts';
import { refuseNewer } from '../fields.ts';
import { MINOR, since } from '../gates.ts';
import { wireTime } from '../links.ts';
import type { Answer, Call } from '../resource.ts';
import { parse, powerChange, powerConfirmation, provisionChange } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';
import { refuseProtected } from './patchRules.ts';
import { shownState } from './shape.ts';

/** `GET /v1/nodes/{ident}/states` */
export async function showStates(call: Call): Promise<Answer> {
  const node = await nodeOfPath(call);
  const body = {
    console_enabled: node.consoleEnabled,
    last_error: node.lastError,
    power_state: node.powerState,
    provision_state: shownState(node.provisionState, call),
    provision_updated_at: wireTime(node.provisionUpdatedAt),
    target_power_state: node.targetPowerState,
    target_provision_state: node.targetProvisionState,
    ...(call.minor >= since('nodeFields', 'raid_config') && {
      raid_config: node.raidConfig,
      target_raid_config: node.targetRaidConfig,
    }),
    ...(call.minor >= since('nodeFields', 'boot_mode') && {
      boot_mode: node.bootMode,
      secure_boot: node.secureBoot,
    }),
  };
  return { status: 200, body };
}

/** `PUT /v1/nodes/{ident}/states/power` */
export async function changePower(call: Call): Promise<Answer> {
  const { target, timeout } = parse(powerChange, call.body, 'power change');
  refuseNewer('powerTargets', target, call.minor);
  if (given(timeout)) refuseNewer('parameters', 'timeout', call.minor);
  const node = await nodeOfPath(call);
  if (isSoft(target) && call.conductor.drivers.get(node.driver)?.softPower === undefined)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `The driver ${node.driver} does not support the power state "${target}".`,
    );
  if (['cleaning', 'clean wait'].includes(node.provisionState))
    throw new IronpxeError(
      'INVALID_STATE',
      `The requested action "${target}" can not be performed on node "${node.uuid}" while it is in state "${node.provisionState}".`,
    );
  await call.conductor.power(node, target, { timeoutSeconds: timeout ?? undefined });
  return accepted(call);
}

/** `PUT /v1/nodes/{ident}/states/power/confirmation`: a person switched the machine, or cannot. */
export async function confirmPower(call: Call): Promise<Answer> {
  const answer = parse(powerConfirmation, call.body, 'confirmation');
  const node = await nodeOfPath(call);
  await answerPowerRequest(call.database, node.uuid, answer);
  return accepted(call);
}

function isSoft(target: string): boolean {
  return (SOFT_POWER_TARGETS as readonly string[]).includes(target);
}

/** Target on the wire → verb. */
export const VERB_OF_TARGET: Readonly<Record<string, Verb>> = {
  active: 'deploy',
  deleted: 'delete',
  rebuild: 'rebuild',
  manage: 'manage',
  provide: 'provide',
  inspect: 'inspect',
  abort: 'abort',
  clean: 'clean',
  adopt: 'adopt',
  rescue: 'rescue',
  unrescue: 'unrescue',
  deploy: 'deploy',
  undeploy: 'delete',
  unhold: 'unhold',
  service: 'service',
};

/** `PUT /v1/nodes/{ident}/states/provision` */
export async function changeProvision(call: Call): Promise<Answer> {
  const change = parse(provisionChange, call.body, 'provision change');
  const verb = Object.hasOwn(VERB_OF_TARGET, change.target)
    ? VERB_OF_TARGET[change.target]
    : undefined;
  if (verb === undefined)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `Unknown target "${change.target}": expected one of ${Object.keys(VERB_OF_TARGET).join(', ')}.`,
    );
  refuseNewer('verbs', change.target, call.minor);
  for (const name of Object.keys(change))
    if (given(change[name as keyof Change])) refuseNewer('provisionParameters', name, call.minor);
  checkParameters(change);
  const node = await nodeOfPath(call);
  checkVersionOf(call, change, node);
  if (verb === 'delete' || verb === 'rebuild') refuseProtected(node);
  await call.conductor.provision(node, verb, await optionsOf(call, node, change));
  return accepted(call);
}

type Change = z.output<typeof provisionChange>;

/** What goes with the verb, in the conductor's words. */
async function optionsOf(call: Call, node: Node, change: Change): Promise<ProvisionOptions> {
  const { configdrive, clean_steps: cleanSteps, deploy_steps: deploySteps } = change;
  const { service_steps: serviceSteps } = change;
  const { rescue_password: rescuePassword, disable_ramdisk: disableRamdisk } = change;
  return {
    ...(configdrive && { configDrive: await configDriveOf(call, node, configdrive) }),
    ...(cleanSteps && { cleanSteps }),
    ...(deploySteps && { deploySteps }),
    ...(serviceSteps && { serviceSteps }),
    ...(rescuePassword && { rescuePassword }),
    ...(given(disableRamdisk) && { disableRamdisk: disableRamdisk === true }),
  };
}

/** Base64 with line breaks, as some tools make it. */
const BASE64 = /^[A-Za-z0-9+/=\s]*$/;

async function configDriveOf(
  call: Call,
  node: Node,
  configDrive: NonNullable<Change['configdrive']>,
): Promise<string> {
  if (typeof configDrive !== 'string') {
    refuseOldDrive(call, configDrive);
    return buildConfigDrive(node, configDrive);
  }
  if (configDrive.includes('://') || BASE64.test(configDrive)) return configDrive;
  throw new IronpxeError(
    'INVALID_REQUEST',
    'Invalid configdrive format: it is neither a JSON object, nor a URL, nor a base64 string.',
  );
}

function refuseOldDrive(call: Call, parts: object): void {
  const needed = 'vendor_data' in parts ? MINOR.vendorData : MINOR.builtConfigDrive;
  if (call.minor >= needed) return;
  throw new IronpxeError(
    'INVALID_REQUEST',
    `Providing ${'vendor_data' in parts ? 'vendor_data in' : 'a JSON object for'} configdrive is only supported starting with API version 1.${needed}.`,
  );
}

/** Above the highest version that is here. */
const SERVICE_WITHOUT_RAMDISK = 108;

/** What a target could do only in later versions. @throws INVALID_REQUEST, NOT_ACCEPTABLE */
function checkVersionOf(
  call: Call,
  change: Pick<Change, 'target' | 'configdrive' | 'disable_ramdisk'>,
  node: Node,
): void {
  const { target, configdrive } = change;
  if (target === 'rebuild' && given(configdrive) && call.minor < MINOR.rebuildConfigDrive)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `A config drive goes with rebuild from API version 1.${MINOR.rebuildConfigDrive} on.`,
    );
  if (target === 'service' && given(change.disable_ramdisk))
    throw new IronpxeError(
      'NOT_ACCEPTABLE',
      `Request not acceptable: disable_ramdisk goes with service from API version 1.${SERVICE_WITHOUT_RAMDISK} on.`,
    );
  const aborts = target === 'abort' && node.provisionState === 'inspect wait';
  if (aborts && call.minor < MINOR.inspectAbort)
    throw new IronpxeError(
      'NOT_ACCEPTABLE',
      `Request not acceptable: aborting an inspection needs API version 1.${MINOR.inspectAbort}.`,
    );
}

/** Which target each further parameter goes with. */
const PARAMETER_TARGETS = {
  configdrive: ['active', 'deploy', 'rebuild'],
  clean_steps: ['clean'],
  deploy_steps: ['active', 'deploy', 'rebuild'],
  disable_ramdisk: ['clean', 'service'],
  service_steps: ['service'],
  rescue_password: ['rescue'],
} as const;

function checkParameters(change: Readonly<Record<string, unknown>> & { target: string }): void {
  for (const [name, targets] of Object.entries(PARAMETER_TARGETS))
    if (given(change[name]) && !(targets as readonly string[]).includes(change.target))
      throw new IronpxeError(
        'INVALID_REQUEST',
        `The parameter ${name} goes with the target ${targets.join(' or ')} only, not with "${change.target}".`,
      );
  const needed = Object.entries(NEEDED).find(([target]) => target === change.target)?.[1];
  const isMissing = needed !== undefined && (!given(change[needed]) || isEmptyList(change[needed]));
  if (isMissing)
    throw new IronpxeError(
      'INVALID_REQUEST',
      `"${needed}" is required when setting target provision state to ${change.target}`,
    );
}

/** Targets that need a parameter. */
const NEEDED = {
  clean: 'clean_steps',
  rescue: 'rescue_password',
  service: 'service_steps',
} as const;

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function accepted(call: Call): Answer {
  return { status: 202, location: `${call.baseUrl}/v1/nodes/${call.params.ident}/states` };
}
