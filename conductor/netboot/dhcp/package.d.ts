/** What is used of the npm package `dhcp` (node-dhcp 0.2.20), which ships no types. */
declare module 'dhcp/lib/protocol.js' {
  export type WirePacket = {
    readonly op: number;
    readonly htype: number;
    readonly hlen: number;
    readonly hops: number;
    readonly xid: number;
    readonly secs: number;
    readonly flags: number;
    readonly ciaddr: string;
    readonly yiaddr: string;
    readonly siaddr: string;
    readonly giaddr: string;
    /** Upper-case hex pairs joined by dashes. */
    readonly chaddr: string;
    readonly sname: string;
    readonly file: string;
    readonly options: Readonly<Record<number, readonly number[]>>;
  };
  const protocol: {
    /** @throws Error when a field runs past the end */
    parse(buffer: Buffer): WirePacket & { readonly magicCookie: number };
    format(packet: WirePacket): { readonly _data: Buffer; readonly _w: number };
  };
  export default protocol;
}

declare module 'dhcp/lib/options.js' {
  const options: {
    addOption(code: number, option: { readonly name: string; readonly type: string }): void;
  };
  export default options;
}
