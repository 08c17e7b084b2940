import {
  asksAsFirmware,
  asksAsSystem,
  atMs,
  textOf,
  type TimelineEntry,
} from '../timeline/entry.ts';
import type { Boot } from './boot.ts';
import type { Finding, Rule } from './rule.ts';
import { failure, onCode } from './rulesDisk.ts';

const BEFORE_PXE = ['firmware'];

/** A machine that tries and tries asks again within this time. */
const LOOP_MS = 180_000;

/** DISCOVERs of firmware of machines that are no port of any node, with when they began to ask. */
function strangersSince({ strangers, start }: Boot): readonly TimelineEntry[] {
  const startMs = start === undefined ? Infinity : atMs(start);
  const asked = strangers.filter(
    (entry) => /^dhcp\.(?:unknown|discover)$/.test(entry.kind) && asksAsFirmware(entry),
  );
  const macsOf = (entries: readonly TimelineEntry[]) =>
    new Set(entries.map((entry) => textOf(entry, 'mac')));
  const before = macsOf(
    asked.filter((entry) => atMs(entry) < startMs && atMs(entry) > startMs - LOOP_MS),
  );
  return asked.filter((entry) => atMs(entry) >= startMs && !before.has(textOf(entry, 'mac')));
}

function findDisabledPort(boot: Boot): Finding | undefined {
  const disabled = boot.ports.filter(({ pxeEnabled }) => !pxeEnabled);
  const asked = strangersSince(boot).find((entry) =>
    disabled.some(({ address }) => address === textOf(entry, 'mac')),
  );
  return asked && { evidence: [boot.start, asked], words: { mac: textOf(asked, 'mac') } };
}

/** One stranger, who began to ask after the start: many could be anybody's machines. */
function findWrongMac(boot: Boot): Finding | undefined {
  const asked = strangersSince(boot);
  const macs = new Set(asked.map((entry) => textOf(entry, 'mac')));
  const [mac = ''] = macs;
  if (macs.size !== 1 || boot.ports.some(({ address }) => address === mac)) return undefined;
  const own = boot.ports.map(({ address }) => address).join(', ');
  return { evidence: [boot.start, asked[0]], words: { mac, own } };
}

/** Nothing of the machine since its start. */
function silent({ start, since }: Boot): boolean {
  return start !== undefined && !since.some(({ kind }) => /^(?:dhcp|tftp|http)\./.test(kind));
}

const NO_PXE = 'no PXE or HTTP boot request of the machine since then';

/** Reasons before the machine asks to boot from the network. */
export const POWER_RULES: readonly Rule[] = [
  {
    code: 'BMC_IGNORES_POWER',
    title: 'The BMC says OK and does nothing',
    certainty: 'certain',
    pattern: 'A power command was accepted, and the power state did not become what was asked for.',
    cause:
      'The BMC, or the host of the virtual machine, took the command and did not carry it out.',
    confirm: 'ironpxe node power {node}',
    fix: 'Reset the BMC (ipmitool mc reset cold), or pull the power of the machine; then deploy again.',
    find: onCode('DRIVER_POWER_NOT_REACHED'),
  },
  {
    code: 'BMC_UNREACHABLE',
    title: 'What switches the machine cannot be reached, or refuses',
    certainty: 'certain',
    pattern: 'Switching the machine failed with an error of its BMC or host.',
    cause: 'The BMC, or the host of the virtual machine, does not answer or refuses the command.',
    confirm: 'ironpxe node power {node}',
    fix: 'Correct driver_info of the node, or the network to the BMC; then deploy again.',
    find: onCode(
      'DRIVER_BMC_UNREACHABLE',
      'DRIVER_BMC_AUTH',
      'DRIVER_BMC_BUSY',
      'DRIVER_BMC_REFUSED',
      'DRIVER_BMC_TLS',
      'DRIVER_SSH_UNREACHABLE',
      'DRIVER_SSH_AUTH',
      'DRIVER_SSH_HOST_KEY',
      'DRIVER_LIBVIRT',
    ),
  },
  {
    code: 'POWER_NOT_IN_TIME',
    title: 'The machine was not switched in time',
    certainty: 'narrowed',
    pattern: 'Switching the machine was given up after deploy.power_timeout_seconds.',
    cause:
      'The BMC, or the host of the virtual machine, took the command and does not carry it out, or is slower than power_timeout_seconds allows.',
    confirm: 'ironpxe node power {node}',
    fix: 'Reset the BMC (ipmitool mc reset cold), or allow more: deploy.power_timeout_seconds; then deploy again.',
    find: onCode('POWER_TIMEOUT'),
  },
  {
    code: 'BOOT_DEVICE_IGNORED',
    title: 'The machine booted another system than from the network',
    certainty: 'likely',
    pattern: 'After it was started, a system asked by DHCP, and no firmware did.',
    cause:
      'The BMC accepted the boot device, and the firmware did not follow it: the machine started from its disk.',
    confirm: 'the console of the machine; the boot order in its firmware',
    fix: 'Put the network first in the boot order of the firmware, then deploy again.',
    places: BEFORE_PXE,
    find: ({ start, since, entries }) => {
      const system = since.find((entry) => entry.kind === 'dhcp.discover' && asksAsSystem(entry));
      const set = entries.findLast(({ kind }) => kind === 'boot_device.changed');
      return system && { evidence: [set, start, system, NO_PXE] };
    },
  },
  {
    code: 'PORT_NOT_PXE_ENABLED',
    title: 'The machine asks through a port that may not boot',
    certainty: 'certain',
    pattern: 'A DISCOVER came from a MAC that is a port of this node with pxe_enabled false.',
    cause: 'The machine boots through {mac}, whose port has pxe_enabled: false.',
    confirm: 'ironpxe port list',
    fix: 'Set pxe_enabled of that port to true, or boot through another network card.',
    places: BEFORE_PXE,
    find: findDisabledPort,
  },
  {
    code: 'WRONG_MAC',
    title: 'Another MAC asked to boot than the node has',
    certainty: 'likely',
    pattern: 'No port of the node asked; one unknown machine began to, after this one was started.',
    cause: 'The machine boots through {mac}; the ports of the node are {own}.',
    confirm: 'the console of the machine: it shows the MAC that it boots from',
    fix: 'Add a port with {mac} to the node, or boot through another network card.',
    places: BEFORE_PXE,
    find: (boot) => (silent(boot) ? findWrongMac(boot) : undefined),
  },
  {
    code: 'BMC_SILENT',
    title: 'The machine was started, and did not come, although it did before',
    certainty: 'narrowed',
    pattern:
      'Nothing was heard after the start; in an earlier operation the machine did ask by PXE.',
    cause:
      'The BMC says OK and does nothing, or the firmware did not follow the boot device; or its network changed since (cable, switch port, VLAN).',
    confirm: 'ironpxe node power {node}, and the console of the machine',
    fix: 'Reset the BMC (ipmitool mc reset cold), or pull the power of the machine; then deploy again.',
    places: BEFORE_PXE,
    find: (boot) =>
      silent(boot) && boot.bootedBefore
        ? { evidence: [boot.start, lastMissing(boot), NO_PXE] }
        : undefined,
  },
  {
    code: 'NO_DISCOVER',
    title: 'The machine never asked to boot from the network',
    certainty: 'narrowed',
    pattern: 'Nothing at all was heard of the machine after its start, nor ever before.',
    cause:
      'It does not try (boot order, BMC that ignores commands), or it is not heard: cable, VLAN, relay, spanning tree, or a wrong MAC.',
    confirm: 'tcpdump -ni any port 67, on this host, while the machine starts',
    fix: 'Check boot order, cable and VLAN, and the MAC of the port; then deploy again.',
    places: BEFORE_PXE,
    find: (boot) =>
      silent(boot) && !boot.bootedBefore
        ? { evidence: [boot.start, lastMissing(boot), NO_PXE] }
        : undefined,
  },
  {
    code: 'KNOWN_ERROR',
    title: 'A step failed with an error that names its cause',
    certainty: 'certain',
    pattern: 'The operation ended with an error of docs/reference/errors.md that is no time-out.',
    cause: '{message}',
    confirm: 'ironpxe node events {node}',
    fix: 'Do what the error says, then begin again.',
    find: (boot) =>
      boot.errorCode === '' || VAGUE.has(boot.errorCode)
        ? undefined
        : {
            evidence: [failure(boot)],
            words: { message: boot.operation.error ?? '' },
          },
  },
];

/** Errors that say only that something did not come. */
const VAGUE = new Set([
  'CALLBACK_TIMEOUT',
  'PXE_NOT_SEEN',
  'BOOT_NOT_SEEN',
  'OPERATION_FAILED',
  'RELEASE_FAILED',
]);

function lastMissing({ since }: Boot): TimelineEntry | undefined {
  return since.findLast(({ kind }) => kind === 'boot.pxe_missing');
}
