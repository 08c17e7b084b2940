import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Mac } from '../conductor/values/mac.ts';
import { escapeXml } from '../conductor/drivers/ssh/xml.ts';
import { HTTP_ONLY, uefiXml, WITHOUT_ROM } from './uefi.ts';

/** How QEMU runs a machine: on the processor (`kvm`) or in software (`qemu`). */
export type Accelerator = 'kvm' | 'qemu';

/** `uefi` boots by PXE, `uefi-http` by UEFI HTTP boot. */
export const FIRMWARES = ['bios', 'uefi', 'uefi-http'] as const;
export type Firmware = (typeof FIRMWARES)[number];

/** A virtual bare-metal machine. Paths are absolute. */
export type MachineSpec = {
  readonly name: string;
  readonly mac: Mac;
  readonly tap: string;
  readonly accelerator: Accelerator;
  readonly firmware: Firmware;
  readonly memoryMib: number;
  readonly diskPath: string;
  readonly serialLogPath: string;
  /** UEFI only: where the machine keeps its firmware variables. */
  readonly nvramPath: string;
};

/** Creates an empty disk that takes no space until it is written. */
export async function createDisk(path: string, sizeBytes: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await using file = await open(path, 'wx');
  await file.truncate(sizeBytes);
}

/**
 * The libvirt domain XML of a machine that boots from the network first and from its disk second.
 * Its serial port is a terminal for `virsh console` and a log file at once.
 */
export function domainXml(spec: MachineSpec): string {
  const log = `<log file='${escapeXml(spec.serialLogPath)}' append='on'/>`;
  return `<domain type='${spec.accelerator}'>
  <name>${escapeXml(spec.name)}</name>
  <memory unit='MiB'>${spec.memoryMib}</memory>
  <vcpu>2</vcpu>${spec.firmware === 'uefi-http' ? `\n  ${HTTP_ONLY}` : ''}
  <os>${firmwareXml(spec)}</os>
  <features><acpi/><apic/></features>
  ${cpuXml(spec.accelerator)}
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' model='none'/>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='unsafe' discard='unmap'/>
      <source file='${escapeXml(spec.diskPath)}'/>
      <target dev='vda' bus='virtio'/>
      <serial>${escapeXml(spec.name)}</serial>
      <boot order='2'/>
    </disk>
    <interface type='ethernet'>
      <mac address='${spec.mac}'/>
      <target dev='${spec.tap}' managed='no'/>
      <model type='virtio'/>
      <boot order='1'/>${spec.firmware === 'bios' ? '' : `\n      ${WITHOUT_ROM}`}
    </interface>
    <serial type='pty'>${log}<target port='0'/></serial>
    <console type='pty'><target type='serial' port='0'/></console>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='none'/>
  </devices>
</domain>
`;
}

function firmwareXml({ firmware, nvramPath }: MachineSpec): string {
  // useserial: without a graphics card SeaBIOS and iPXE talk on the serial port.
  if (firmware === 'bios')
    return `<type arch='x86_64' machine='pc'>hvm</type><bios useserial='yes'/>`;
  return uefiXml(nvramPath);
}

function cpuXml(accelerator: Accelerator): string {
  if (accelerator === 'kvm') return `<cpu mode='host-passthrough'/>`;
  return `<cpu mode='custom' match='exact' check='none'><model fallback='forbid'>qemu64</model></cpu>`;
}
