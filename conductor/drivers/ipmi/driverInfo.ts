import { readInfo, type InfoReader } from '../bmc/infoReader.ts';

const PRIVILEGES = ['ADMINISTRATOR', 'OPERATOR', 'USER', 'CALLBACK'] as const;
const BRIDGINGS = ['no', 'single', 'dual'] as const;

/** Keys of IPMI bridging → option of ipmitool, and which bridging needs them. */
const BRIDGE_KEYS = [
  { key: 'ipmi_target_channel', option: '-b', for: ['single', 'dual'] },
  { key: 'ipmi_target_address', option: '-t', for: ['single', 'dual'] },
  { key: 'ipmi_transit_channel', option: '-B', for: ['dual'] },
  { key: 'ipmi_transit_address', option: '-T', for: ['dual'] },
] as const;

/** The `driver_info` of ipmi, checked. */
export type IpmiInfo = {
  readonly address: string;
  readonly listenPort: number;
  readonly username: string | undefined;
  readonly password: string;
  readonly privilege: (typeof PRIVILEGES)[number];
  readonly protocol: '2.0' | '1.5';
  readonly cipherSuite: number | undefined;
  /** Options of ipmitool for a BMC behind another one. */
  readonly bridging: readonly string[];
  /** Whether the BMC is told to keep the boot device for longer than 60 s. */
  readonly disableBootTimeout: boolean;
  /** TCP port under which the serial console is reached; `undefined`: any that is free. */
  readonly terminalPort: number | undefined;
};

/** `driver_info` key → one sentence on what goes in it. */
export const IPMI_PROPERTIES = {
  ipmi_address: 'IP address or host name of the BMC. Required.',
  ipmi_username: 'User of the BMC; none by default.',
  ipmi_password: 'Password of the user, at most 20 bytes (16 with IPMI 1.5); empty by default.',
  ipmi_port: 'UDP port of the BMC; 623 by default.',
  ipmi_priv_level: 'Privilege level asked for: ADMINISTRATOR (default), OPERATOR, USER, CALLBACK.',
  ipmi_protocol_version: 'IPMI version: 2.0 (default) or 1.5.',
  ipmi_cipher_suite: 'Cipher suite of IPMI 2.0, such as 3 or 17; ipmitool asks the BMC by default.',
  ipmi_bridging: 'Whether the BMC is behind others: no (default), single or dual.',
  ipmi_target_channel: 'Destination channel, for bridging single and dual.',
  ipmi_target_address: 'Destination address, for bridging single and dual.',
  ipmi_transit_channel: 'Transit channel, for bridging dual.',
  ipmi_transit_address: 'Transit address, for bridging dual.',
  ipmi_local_address: "Own IPMB address, for bridging; ipmitool's default otherwise.",
  ipmi_disable_boot_timeout:
    'Whether the BMC is told to keep the boot device for longer than 60 s; true by default.',
  ipmi_terminal_port: 'TCP port for the serial console; one that is free by default.',
} as const;

// A leading dash would be read as an option by ipmitool.
const ADDRESS = /^[\w:][\w.:%-]*$/;
const USERNAME = /^[\x21-\x7e]{1,16}$/;
const CHANNEL = /^(?:0x[\da-f]{1,2}|\d{1,3})$/i;

/** Checks the `driver_info` of ipmi. @throws IronpxeError DRIVER_INFO_INVALID */
export function parseIpmiInfo(driver: string, info: Readonly<Record<string, unknown>>): IpmiInfo {
  const reader = readInfo(driver, info);
  if (reader.given('ipmi_address') === undefined) reader.missing('ipmi_address');
  // ipmitool takes the key of the BMC as an argument only, where every user of this host can read it.
  if (reader.given('ipmi_hex_kg_key') !== undefined)
    reader.fault(
      'ipmi_hex_kg_key',
      'none: ipmitool cannot take it without showing it to all users',
    );
  const protocol = reader.oneOf('ipmi_protocol_version', ['2.0', '1.5'] as const, '2.0');
  const parsed: IpmiInfo = {
    address: reader.text('ipmi_address', ADDRESS, 'an IP address or host name') ?? '',
    listenPort: reader.whole('ipmi_port', 1, 65_535) ?? 623,
    username: reader.text('ipmi_username', USERNAME, 'at most 16 printable characters'),
    password: readPassword(reader, protocol === '2.0' ? 20 : 16),
    privilege: reader.oneOf('ipmi_priv_level', PRIVILEGES, 'ADMINISTRATOR'),
    protocol,
    cipherSuite: reader.whole('ipmi_cipher_suite', 0, 255),
    bridging: readBridging(reader),
    disableBootTimeout: reader.flag('ipmi_disable_boot_timeout', true),
    terminalPort: reader.whole('ipmi_terminal_port', 1, 65_535),
  };
  reader.end();
  return parsed;
}

function readPassword(reader: InfoReader, longestBytes: number): string {
  const value = reader.given('ipmi_password');
  if (value === undefined) return '';
  const text = typeof value === 'number' ? String(value) : value;
  const good =
    typeof text === 'string' && Buffer.byteLength(text) <= longestBytes && !/[\n\r\0]/.test(text);
  if (good) return text;
  reader.fault('ipmi_password', `one line of at most ${longestBytes} bytes`);
  return '';
}

function readBridging(reader: InfoReader): readonly string[] {
  const kind = reader.oneOf('ipmi_bridging', BRIDGINGS, 'no');
  if (kind === 'no') return [];
  const local = reader.text('ipmi_local_address', CHANNEL, 'an address such as 0x20');
  const options = BRIDGE_KEYS.filter(({ for: kinds }) =>
    (kinds as readonly string[]).includes(kind),
  ).flatMap(({ key, option }) => {
    const value = reader.text(key, CHANNEL, 'a number such as 0x82');
    if (reader.given(key) === undefined) reader.missing(key);
    return value === undefined ? [] : [option, value];
  });
  return [...(local === undefined ? [] : ['-m', local]), ...options];
}

/** What {@link IpmiInfo} says as options of ipmitool, without the password. */
export function ipmitoolOptions(info: IpmiInfo): readonly string[] {
  const { address, listenPort, privilege, protocol } = info;
  return [
    '-I',
    protocol === '2.0' ? 'lanplus' : 'lan',
    '-H',
    address,
    '-p',
    String(listenPort),
    '-L',
    privilege,
    ...(info.username === undefined ? [] : ['-U', info.username]),
    ...(info.cipherSuite === undefined ? [] : ['-C', String(info.cipherSuite)]),
    ...info.bridging,
  ];
}
