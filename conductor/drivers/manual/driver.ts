import { IronpxeError } from '../../errors/error.ts';
import { readInfo } from '../bmc/infoReader.ts';
import type { BootDevice, Driver, DriverNode, PowerTarget } from '../types.ts';
import { callWebhook } from './webhook.ts';

/** What a person or another program is asked to do. */
export type PowerRequest = {
  readonly nodeUuid: string;
  readonly target: PowerTarget;
  /** In a sentence, for people. */
  readonly text: string;
};

/** Where requests are shown, and where the answers come from. */
export interface ManualDesk {
  /**
   * Shows a request and waits until somebody says that it is done, or until the machine is seen
   * booting where it was to be switched on. `notify` is called once the request stands; where it
   * resolves with `true` the machine was switched already.
   * @throws IronpxeError POWER_DECLINED, and what `notify` throws
   */
  ask(request: PowerRequest, notify: () => Promise<boolean>, signal: AbortSignal): Promise<void>;
}

/** Switches a machine through the ramdisk that runs on it. */
export interface RamdiskSwitch {
  /** Has it leave; `false` where no ramdisk of the node answers. @throws IronpxeError RAMDISK_* */
  leave(nodeUuid: string, how: 'reboot' | 'power_off', signal: AbortSignal): Promise<boolean>;
}

/** Settings of the manual driver. */
export type ManualOptions = {
  readonly desk: ManualDesk;
  /** For nodes with the power interface `agent`; without it they are switched by people only. */
  readonly ramdisk?: RamdiskSwitch;
  /** How long people may take to switch a machine; 3,600 by default. */
  readonly timeoutSeconds?: number;
};

/** The power interface of machines that their ramdisk switches. */
export const AGENT_POWER = 'agent';

const PROPERTIES = {
  manual_webhook_url:
    'URL that is POSTed each request; it answers 200 or 204 when the machine is switched, 202 when somebody will say so later.',
} as const;

/** What the ramdisk is told; it cannot start a machine that is off. */
const LEAVES = { 'power off': 'power_off', rebooting: 'reboot', 'power on': undefined } as const;

/**
 * The driver `manual`: a person or another program switches the machine. The power state is what
 * was last said; nothing reads it. With the power interface `agent` a machine whose ramdisk runs is
 * switched through that, and a person is asked only where it does not answer.
 */
export function createManualDriver(options: ManualOptions): Driver {
  const wished = new Map<string, BootDevice>();
  return {
    name: 'manual',
    properties: PROPERTIES,
    interfaces: { power: ['manual', AGENT_POWER], management: ['manual'] },
    supportedBootDevices: ['pxe', 'disk', 'cdrom'],
    powerSync: false,
    powerTimeoutSeconds: options.timeoutSeconds ?? 3600,
    validate: (node) => void webhookOf(node),
    powerState: async (node) => node.lastPowerState ?? 'power off',
    async setPower(node, target, { signal }) {
      const how = node.powerInterface === AGENT_POWER ? LEAVES[target] : undefined;
      if (how !== undefined && (await options.ramdisk?.leave(node.uuid, how, signal))) return;
      const device = wished.get(node.uuid);
      const text = sentence(target, device);
      const request = { nodeUuid: node.uuid, target, text };
      const url = webhookOf(node);
      const notify = async () =>
        url !== undefined && (await callWebhook(url, { ...request, device }, signal));
      await options.desk.ask(request, notify, signal);
    },
    bootDevice: async (node) => ({ device: wished.get(node.uuid), persistent: undefined }),
    async setBootDevice(node, device) {
      wished.set(node.uuid, device);
    },
  };
}

const DEVICES = { pxe: 'the network', disk: 'its disk', cdrom: 'CD' } as const;

function sentence(target: PowerTarget, device: BootDevice | undefined): string {
  if (target === 'power off') return 'Please switch the machine off.';
  const from = device === undefined ? '' : ` and let it boot from ${DEVICES[device]}`;
  const what = target === 'power on' ? 'switch the machine on' : 'switch the machine off and on';
  return `Please ${what}${from}.`;
}

function webhookOf({ driverInfo }: DriverNode): string | undefined {
  const reader = readInfo('manual', driverInfo);
  const url = reader.text('manual_webhook_url', /^https?:\/\/\S+$/, 'an http or https URL');
  reader.end();
  if (url === undefined || URL.canParse(url)) return url;
  throw new IronpxeError('DRIVER_INFO_INVALID', 'manual_webhook_url is no URL.');
}
