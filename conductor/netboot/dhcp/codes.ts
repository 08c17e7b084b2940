/** The DHCP options that are read or written, by name. RFC 2132 unless noted. */
export const OPTION = {
  netmask: 1,
  router: 3,
  dns: 6,
  hostname: 12,
  domain: 15,
  broadcast: 28,
  vendorOptions: 43,
  requestedAddress: 50,
  leaseSeconds: 51,
  overload: 52,
  messageType: 53,
  serverId: 54,
  parameterList: 55,
  message: 56,
  renewalSeconds: 58,
  rebindingSeconds: 59,
  vendorClass: 60,
  clientId: 61,
  tftpServer: 66,
  bootFile: 67,
  /** RFC 3004. */
  userClass: 77,
  /** RFC 3046. */
  relayAgent: 82,
  /** RFC 4578. */
  clientArchitecture: 93,
  /** RFC 4578. */
  machineUuid: 97,
  /** RFC 5859. */
  tftpServerAddress: 150,
  /** iPXE's encapsulated options. */
  ipxe: 175,
} as const;

/** DHCP message types, RFC 2132 §9.6. */
export const MESSAGE_TYPES = {
  1: 'discover',
  2: 'offer',
  3: 'request',
  4: 'decline',
  5: 'ack',
  6: 'nak',
  7: 'release',
  8: 'inform',
} as const;
export type MessageType = (typeof MESSAGE_TYPES)[keyof typeof MESSAGE_TYPES];

/** The number of a message type on the wire. */
export function messageTypeCode(type: MessageType): number {
  return MESSAGE_CODES.get(type) ?? 0;
}

const MESSAGE_CODES: ReadonlyMap<string, number> = new Map(
  Object.entries(MESSAGE_TYPES).map(([code, name]) => [name, Number(code)]),
);

/** The name of a message type; `undefined` for an unknown number. */
export function messageTypeName(code: number | undefined): MessageType | undefined {
  return (MESSAGE_TYPES as Readonly<Record<number, MessageType>>)[code ?? 0];
}
