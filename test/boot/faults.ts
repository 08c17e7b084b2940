import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../conductor/process/run.ts';
import { libvirtUri } from '../../lab/libvirt.ts';
import type { HardwareNode } from '../../lab/hardware.ts';
import type { Firmware } from '../../lab/machine.ts';
import { runInNamespace } from '../../lab/network.ts';
import type { BootLab } from './bootLab.ts';
import type { DhcpMode } from './dhcpModes.ts';
import { BOOT_WAYS } from './pairs.ts';
import type { PowerType } from './powerTypes.ts';

/** A boot of a real virtual machine that is made to fail, or is left alone. */
export type Fault = {
  /** What `why` must say; `null` where nothing is wrong. */
  readonly code: string | null;
  /** How it was made, for whoever reads the recording. */
  readonly made: string;
  readonly firmware?: Firmware;
  /** Chooses the boot loader. */
  readonly driverInfo?: HardwareNode['driverInfo'];
  readonly power?: PowerType;
  /** What stands beside the conductor, which is a DHCP server in any case. */
  readonly beside?: DhcpMode;
  /** The kernel that the machine gets. */
  readonly deployKernel?: string;
  readonly powerTimeoutSeconds?: number;
  /** Breaks something once the conductor serves. */
  readonly spoil?: (lab: BootLab) => Promise<unknown>;
};

/** A program in the lab's network namespace. */
function inLab(line: string): (lab: BootLab) => Promise<unknown> {
  const [program = '', ...args] = line.split(' ');
  return ({ hardware }) => runInNamespace(hardware.netns, program, args);
}

/** Gives the machine a network card that no module of the ramdisk drives. */
async function withOddCard({ hardware }: BootLab): Promise<void> {
  const uri = libvirtUri(hardware.stateDir);
  const args = ['-q', '-c', uri, 'dumpxml', '--inactive', 'node-1'];
  const { stdout: xml } = await run('virsh', args);
  const path = join(hardware.stateDir, 'odd.xml');
  const odd = xml.replace(
    /(<interface .*?<model type=')virtio('.*?<\/interface>)/s,
    (_, before: string, after: string) => `${before}ne2k_pci${after}`,
  );
  if (odd === xml) throw new Error(`no network card in ${xml}`);
  await writeFile(path, odd);
  await run('virsh', ['-q', '-c', uri, 'define', path]);
}

/** Changes what the BMC of the machine runs to switch it on. */
function whenOn(command: string): (lab: BootLab) => Promise<void> {
  return async ({ hardware }) => {
    const script = join(hardware.stateDir, 'bmc', 'node-1', 'machine');
    const text = await readFile(script, 'utf8');
    const spoilt = text.replace(/^ {2}on\) .*$/m, `  on) ${command} ;;`);
    if (spoilt === text) throw new Error(`nothing switches on in ${text}`);
    await writeFile(script, spoilt);
  };
}

/** Hides a folder of the host from the conductor; only in a mount namespace of one's own. */
async function hide(folder: string): Promise<void> {
  const { stdout } = await run('findmnt', ['-n', '-o', 'PROPAGATION', '/']);
  if (stdout.trim() !== 'private') throw new Error('start it by test/boot/recordFaults.sh');
  await run('mount', ['-t', 'tmpfs', 'none', folder]);
}

/** One for each phase of a boot. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'real-power-ignored': {
    code: 'BMC_IGNORES_POWER',
    made: 'ipmi_sim takes "power on" and starts nothing',
    power: 'ipmitool',
    spoil: whenOn(':'),
  },
  'real-power-late': {
    code: 'POWER_NOT_IN_TIME',
    made: 'the same, with a power_timeout_seconds that ends before the driver gives up',
    power: 'ipmitool',
    powerTimeoutSeconds: 20,
    spoil: whenOn(':'),
  },
  'real-boot-device-ignored': {
    code: 'NO_DISCOVER',
    made: 'ipmi_sim takes the boot device and starts the machine from its empty disk',
    power: 'ipmitool',
    spoil: whenOn('is_on || { v define disk.xml; v start node-1; }'),
  },
  'real-offer-lost': {
    code: 'OFFER_LOST',
    made: 'ebtables drops what the conductor sends from UDP port 67',
    spoil: inLab('ebtables -A OUTPUT -p IPv4 --ip-proto udp --ip-sport 67 -j DROP'),
  },
  'real-rogue-dhcp': {
    code: 'ROGUE_DHCP',
    made: 'a dnsmasq on the same bridge gives addresses that iPXE prefers, and no boot file',
    beside: 'rogue',
  },
  'real-tftp-loss': {
    code: 'TFTP_LOSS',
    made: 'iptables drops nine of ten acknowledgements of the machine',
    spoil: inLab(
      'iptables -A INPUT -p udp --dport 1024:65535 -m statistic --mode random --probability 0.9 -j DROP',
    ),
  },
  'real-wrong-kernel': {
    code: 'KERNEL_INVALID',
    made: 'the kernel is a text',
    deployKernel: join(import.meta.dirname, 'run.sh'),
  },
  'real-no-nic-driver': {
    code: 'RAMDISK_NO_NETWORK',
    made: 'the network card is an NE2000, for which the ramdisk has no module',
    spoil: withOddCard,
  },
  'real-callback-blocked': {
    code: 'CALLBACK_BLOCKED',
    made: 'iptables drops TCP to the port of boot_http',
    spoil: inLab('iptables -A INPUT -p tcp --dport 8088 -j DROP'),
  },
  'real-iscsi-closed': {
    code: 'ISCSI_PORT_CLOSED',
    made: 'iptables refuses TCP to port 3260',
    spoil: inLab('iptables -A OUTPUT -p tcp --dport 3260 -j REJECT --reject-with tcp-reset'),
  },
  'real-no-loader': {
    code: 'FILE_MISSING',
    made: 'the folder of the signed GRUB is hidden from the conductor; shim asks for it',
    firmware: 'uefi',
    spoil: () => hide(dirname('/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed')),
  },
};

/** Each firmware and loader as it boots well, packet by packet. */
export const GOOD_WAYS: Readonly<Record<string, Fault>> = Object.fromEntries(
  BOOT_WAYS.map(({ name, firmware, driverInfo }) => [
    `ok-${name.toLowerCase().replaceAll(' ', '-')}-server`,
    { code: null, made: `${name}, by a conductor that is the DHCP server`, firmware, driverInfo },
  ]),
);
