import { IronpxeError } from '../../errors/error.ts';
import type { Command, Invocation, OptionRow } from '../command.ts';
import { type FollowedNode, lastEventId } from '../follow.ts';
import type { JsonObject } from '../json.ts';
import { nodePath, readNode } from '../nodes.ts';
import {
  failedState,
  finish,
  heldText,
  isHeld,
  NO_WAIT,
  readText,
  requiredArg,
  watch,
} from './common.ts';
import { readCleanSteps, readServiceSteps, STEP_OPTIONS } from './steps.ts';
import { readWriteOptions, WRITE_OPTIONS } from './writeOptions.ts';

/** A command that asks for one verb and follows it. */
type VerbRow = {
  readonly verb: string;
  readonly summary: string;
  readonly text: string;
  /** Where it ends well. */
  readonly ends: readonly string[];
  readonly options?: Readonly<Record<string, OptionRow>>;
  readonly example?: string;
  /** What goes with the target in the request. */
  readonly more?: (invocation: Invocation) => Promise<JsonObject>;
  /** Fields of instance_info that are set before. */
  readonly wishes?: (invocation: Invocation) => JsonObject;
};

const ROWS: readonly VerbRow[] = [
  {
    verb: 'manage',
    summary: 'Check that a machine can be switched; take a failed node back',
    text: 'From "enroll" the power driver is tried. A node that is available or failed goes back to\nmanageable at once, where it can be inspected, cleaned and changed.',
    ends: ['manageable'],
  },
  {
    verb: 'provide',
    summary: 'Offer a manageable node to users',
    text: 'Cleans the machine first where automated cleaning is on (clean.automated, or the\nautomated_clean of the node).',
    ends: ['available'],
  },
  {
    verb: 'inspect',
    summary: 'Look at the hardware of a machine',
    text: 'Boots the deploy ramdisk and fills the properties cpus, cpu_arch, memory_mb and local_gb.\nNICs become ports, with the switch that each was heard on (LLDP); only the one that booted stays\nenabled for PXE. "ironpxe node inventory" shows what was found. The machine is off afterwards; with\nthe power interface "agent" it waits in its ramdisk.',
    ends: ['manageable'],
  },
  {
    verb: 'clean',
    summary: 'Wipe or erase the disks of a machine',
    text: 'Boots the deploy ramdisk and carries out the steps in the order given. Without --step or\n--steps the partition tables and signatures are wiped.',
    ends: ['manageable'],
    options: STEP_OPTIONS,
    example: 'ironpxe node clean rack1-07 --step deploy.erase_devices',
    more: async (invocation) => ({ clean_steps: await readCleanSteps(invocation) }),
  },
  {
    verb: 'service',
    summary: 'Carry out steps on a machine whose system stays',
    text: 'The steps run in the order given: deploy.verify_disk boots the ramdisk and compares the disk\nwith its deploy; power.power_off, power.power_on, power.reboot and power.wait need no ramdisk;\npower.hold stops until "ironpxe node unhold".',
    ends: ['active'],
    options: STEP_OPTIONS,
    example: 'ironpxe node service rack1-07 --step power.power_off --step power.hold',
    more: async (invocation) => ({ service_steps: await readServiceSteps(invocation) }),
  },
  {
    verb: 'unhold',
    summary: 'Go on with a cleaning, deploy or service that a step "hold" stopped',
    text: 'The steps after the hold are carried out.',
    ends: ['manageable', 'available', 'active'],
  },
  {
    verb: 'adopt',
    summary: 'Take over a machine that runs already',
    text: 'Neither power nor disk are touched. instance_info says what runs there.',
    ends: ['active'],
  },
  {
    verb: 'rebuild',
    summary: 'Write the image of a running machine anew',
    text: 'Takes what instance_info says now. What the disk holds already is not sent again, unless\n--full is given. The options stay in instance_info.',
    ends: ['active'],
    options: WRITE_OPTIONS,
    wishes: readWriteOptions,
  },
  {
    verb: 'rescue',
    summary: 'Boot a machine into a rescue system',
    text: 'Only drivers with a rescue interface can do it.',
    ends: ['rescue'],
    options: {
      'password-file': { value: 'FILE', what: 'The password of the rescue system; needed.' },
    },
    example: 'ironpxe node rescue rack1-07 --password-file /root/rescue',
    more: async (invocation) => ({ rescue_password: await readPassword(invocation) }),
  },
  {
    verb: 'unrescue',
    summary: 'Take a machine back from its rescue system',
    text: "The machine boots the user's system again.",
    ends: ['active'],
  },
];

/** The commands of verbs that need nothing but to be asked for and followed. */
export const NODE_VERBS: readonly Command[] = [...ROWS.map(command), abortCommand()];

function command(row: VerbRow): Command {
  const { verb, summary, text, options = {}, example = `ironpxe node ${verb} rack1-07` } = row;
  return {
    name: `node ${verb}`,
    summary,
    args: ['NODE'],
    options: { ...options, ...NO_WAIT },
    text,
    examples: [example],
    run: (invocation) => ask(invocation, row),
  };
}

async function ask(invocation: Invocation, { verb, ends, more, wishes }: VerbRow): Promise<number> {
  const { client } = invocation;
  const body = { target: verb, ...(await more?.(invocation)) };
  const patch = Object.entries(wishes?.(invocation) ?? {}).map(([name, value]) => ({
    op: 'add',
    path: `/instance_info/${name}`,
    value,
  }));
  const node = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const afterId = await lastEventId(client, node.uuid);
  if (patch.length > 0) await client.send('PATCH', nodePath(node.uuid), patch);
  await client.send('PUT', `${nodePath(node.uuid)}/states/provision`, body);
  const name = node.name ?? node.uuid;
  if (invocation.flag('no-wait'))
    return finish(invocation, await readNode(client, node.uuid), `${verb} of ${name} begun.`);
  const ended = await watch(invocation, node.uuid, { afterId, until: isSettled });
  if (isHeld(ended)) return finish(invocation, ended, heldText(ended));
  if (!ends.includes(ended.provision_state)) throw failedState(ended);
  return finish(invocation, ended, `${name} is ${ended.provision_state}.`);
}

/** Nodes on their way have a target; a failed one keeps it, and a held one waits for somebody. */
function isSettled(node: FollowedNode): boolean {
  const { provision_state: state, target_provision_state: target } = node;
  return target === null || state.endsWith('failed') || state === 'error' || isHeld(node);
}

function abortCommand(): Command {
  return {
    name: 'node abort',
    summary: 'End work on a machine that waits or is held',
    args: ['NODE'],
    options: {},
    text: 'Of an inspection, cleaning, deploy, service or rescue. The machine is switched off (after a\nservice it boots its own system), and the node ends in the failed state.\nFrom "service failed" it is active again.',
    examples: ['ironpxe node abort rack1-07'],
    run: abort,
  };
}

async function abort(invocation: Invocation): Promise<number> {
  const { client } = invocation;
  const node = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  const path = nodePath(node.uuid);
  await client.send('PUT', `${path}/states/provision`, { target: 'abort' });
  const ended = await readNode(client, node.uuid);
  return finish(invocation, ended, `${ended.name ?? ended.uuid} is ${ended.provision_state}.`);
}

async function readPassword(invocation: Invocation): Promise<string> {
  const path = invocation.text('password-file');
  if (path === undefined) throw new IronpxeError('CLI_USAGE', '--password-file FILE is missing.');
  const password = (await readText(path, 'password-file')).trimEnd();
  if (password !== '') return password;
  throw new IronpxeError('CLI_USAGE', `--password-file: ${path} is empty.`);
}
