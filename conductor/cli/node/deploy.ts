import { IronpxeError } from '../../errors/error.ts';
import { isUuid } from '../../values/uuid.ts';
import type { JsonObject } from '../json.ts';
import type { Command, Invocation } from '../command.ts';
import { readWholeNumber, toUrl } from '../fileUrl.ts';
import { imageSource } from '../image/find.ts';
import { type FollowedNode, lastEventId } from '../follow.ts';
import { nodePath, readNode, type WireNode } from '../nodes.ts';
import { formatClock } from '../view/text.ts';
import { CONFIG_DRIVE_OPTIONS, readConfigDrive } from './configDrive.ts';
import {
  failedState,
  finish,
  heldText,
  isHeld,
  jsonOrText,
  NO_WAIT,
  readPairs,
  requiredArg,
  startVerb,
  watch,
} from './common.ts';
import { readWriteOptions, WRITE_OPTIONS } from './writeOptions.ts';

/** `ironpxe node deploy` */
export const nodeDeploy: Command = {
  name: 'node deploy',
  summary: 'Write an image onto a machine and boot it',
  args: ['NODE'],
  options: {
    image: {
      value: 'IMAGE',
      what: 'A name of "image list", http(s)://, file://, a Glance UUID or a path.',
    },
    kernel: { value: 'URL', what: 'The kernel that the machine boots (partition images).' },
    ramdisk: { value: 'URL', what: 'The initial ramdisk that goes with the kernel.' },
    'root-gb': { value: 'N', what: 'Size of the root partition in GiB.' },
    'swap-mb': { value: 'N', what: 'Size of the swap partition in MiB; none by default.' },
    'ephemeral-gb': { value: 'N', what: 'Size of a further partition in GiB; none by default.' },
    checksum: { value: 'HEX', what: 'Checksum of the image (md5, sha256 or sha512, by length).' },
    'whole-disk': { what: 'The image is a whole disk with its own partition table.' },
    'kernel-options': {
      value: 'TEXT',
      what: 'Kernel command line of the machine; %default% stands for the usual one.',
    },
    ...WRITE_OPTIONS,
    ...CONFIG_DRIVE_OPTIONS,
    'instance-info': {
      value: 'KEY=VALUE',
      many: true,
      what: 'Any further field of instance_info.',
    },
    ...NO_WAIT,
  },
  text: [
    'Sets what is to be deployed, begins the deploy and shows each stage until the machine runs',
    'its own system (or the deploy failed). Interrupting this command does not stop the deploy.',
  ].join('\n'),
  examples: [
    'ironpxe node deploy rack1-07 --image fedora-atomic',
    'ironpxe node deploy rack1-07 --image http://192.0.2.1/debian.qcow2 --root-gb 10 \\\n    --kernel http://192.0.2.1/vmlinuz --ramdisk http://192.0.2.1/initrd.img',
    'ironpxe node deploy rack1-07 --whole-disk --image /srv/images/appliance.raw',
    'ironpxe node deploy rack1-07 --image debian --hostname web1 --ssh-key ~/.ssh/id_ed25519.pub \\\n    --user-data base.yaml --user-data setup.sh',
  ],
  run: deploy,
};

async function deploy(invocation: Invocation): Promise<number> {
  const { client } = invocation;
  const instanceInfo = await readInstanceInfo(invocation);
  const configdrive = await readConfigDrive(invocation);
  const node = await readNode(client, requiredArg(invocation, 0, 'NODE'));
  refuseState(node);
  const afterId = await lastEventId(client, node.uuid);
  const patch = [{ op: 'replace', path: '/instance_info', value: instanceInfo }];
  await client.send('PATCH', nodePath(node.uuid), patch);
  await startVerb(invocation, node.uuid, 'active', { ...(configdrive && { configdrive }) });
  if (invocation.flag('no-wait')) {
    const now = await readNode(client, node.uuid);
    const name = node.name ?? node.uuid;
    return finish(
      invocation,
      now,
      `deploy begun; follow it with "ironpxe node events ${name} --follow".`,
    );
  }
  return follow(invocation, node.uuid, afterId);
}

/** What a node in another state needs first. Checked before instance_info is replaced. */
const WAY_OUT: Readonly<Record<string, string>> = {
  active:
    'Write its image anew with "ironpxe node rebuild", or take its system off first with "ironpxe node undeploy".',
  enroll: 'Make it available first with "ironpxe node enroll".',
  manageable: 'Make it available first with "ironpxe node enroll".',
};

function refuseState(node: WireNode): void {
  const state = node.provision_state;
  if (state === 'available' || state === 'deploy failed') return;
  const wayOut = WAY_OUT[state] ?? 'Wait until it is available.';
  throw new IronpxeError(
    'INVALID_STATE',
    `${node.name ?? node.uuid} is in state "${state}", and a deploy begins in state "available". ${wayOut}`,
  );
}

async function follow(invocation: Invocation, uuid: string, afterId: number): Promise<number> {
  const startedAtMs = Date.now();
  const ended = await watch(invocation, uuid, { afterId, until: isEnd });
  if (isHeld(ended)) return finish(invocation, ended, heldText(ended));
  if (ended.provision_state !== 'active') throw failedState(ended);
  const took = formatClock((Date.now() - startedAtMs) / 1000);
  return finish(invocation, ended, `${ended.name ?? uuid} is active after ${took}.`);
}

/** Also when the deploy is held, or was taken down by someone else meanwhile. */
function isEnd(node: FollowedNode): boolean {
  return !['deploying', 'wait call-back'].includes(node.provision_state);
}

async function readInstanceInfo(invocation: Invocation): Promise<JsonObject> {
  const image = invocation.text('image');
  if (image === undefined) throw new IronpxeError('CLI_USAGE', '--image IMAGE is missing.');
  const source = await imageSource(invocation.client, image);
  const given = {
    image_source: source,
    image_type: imageType(invocation, source),
    kernel: optionalUrl(invocation.text('kernel')),
    ramdisk: optionalUrl(invocation.text('ramdisk')),
    root_gb: readWholeNumber(invocation, 'root-gb'),
    swap_mb: readWholeNumber(invocation, 'swap-mb'),
    ephemeral_gb: readWholeNumber(invocation, 'ephemeral-gb'),
    image_checksum: invocation.text('checksum'),
    kernel_append_params: invocation.text('kernel-options'),
    ...readWriteOptions(invocation),
    ...(await readPairs(invocation.list('instance-info'), 'instance-info', jsonOrText)),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Of an image in Glance, or with a name, its own properties tell, unless the user does. */
function imageType(invocation: Invocation, source: string): string | undefined {
  if (invocation.flag('whole-disk')) return 'whole-disk';
  return /^(glance|image):/.test(source) || isUuid(source) ? undefined : 'partition';
}

function optionalUrl(text: string | undefined): string | undefined {
  return text === undefined ? undefined : toUrl(text);
}
