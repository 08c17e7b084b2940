import type { Mac } from '../../values/mac.ts';
import { externalRows, scriptArchitectures, type ExternalBoot } from './external.ts';

/** A machine as a dnsmasq has to know it. */
export type DnsmasqMachine = {
  readonly mac: Mac;
  readonly nodeUuid: string;
  /** What it boots through; `undefined`: it has nothing to boot from the network. */
  readonly loader: ExternalBoot['loader'] | undefined;
};

/** Files to be in dnsmasq's two folders, name → content. */
export type DnsmasqFiles = {
  readonly hosts: ReadonlyMap<string, string>;
  readonly options: ReadonlyMap<string, string>;
};

/**
 * The files of Ironic's dnsmasq provider (contract 1.10): one in `dhcp-hostsdir` for each port, one
 * in `dhcp-optsdir` for each node that boots. dnsmasq reads new and changed files by itself, but does
 * not forget those that vanish: so a machine with nothing to boot is told to be ignored.
 */
export function dnsmasqFiles(
  machines: readonly DnsmasqMachine[],
  place: Omit<ExternalBoot, 'loader'>,
): DnsmasqFiles {
  const hosts = machines.map(({ mac, nodeUuid, loader }): [string, string] => [
    hostsFileName(mac),
    loader === undefined ? ignoredHost(mac) : `${mac},set:${nodeUuid},set:ironic\n`,
  ]);
  const options = machines.flatMap(({ nodeUuid, loader }): [string, string][] =>
    loader === undefined
      ? []
      : [[`ironic-${nodeUuid}.conf`, optionLines(nodeUuid, { ...place, loader })]],
  );
  return { hosts: new Map(hosts), options: new Map(options) };
}

/** The name of the file about a port. */
export function hostsFileName(mac: Mac): string {
  return `ironic-${mac}.conf`;
}

/** What makes dnsmasq give a machine no answer. */
export function ignoredHost(mac: Mac): string {
  return `${mac},ignore\n`;
}

function optionLines(tag: string, boot: ExternalBoot): string {
  const { tftpServer, httpUrl } = boot;
  const script = scriptArchitectures(boot);
  const lines = [
    `tag:${tag},option:server-ip-address,${tftpServer}`,
    `tag:${tag},66,${tftpServer}`,
    `tag:${tag},150,${tftpServer}`,
    ...externalRows(boot).flatMap(({ architecture, file, http }) => [
      ...(script.includes(architecture)
        ? [`tag:${tag},tag:arch${architecture},tag:ipxe,67,${httpUrl}/boot.ipxe`]
        : []),
      `tag:${tag},tag:arch${architecture}${script.includes(architecture) ? ',tag:!ipxe' : ''},67,${file}`,
      ...(http ? [`tag:${tag},tag:arch${architecture},60,HTTPClient`] : []),
    ]),
  ];
  return `${lines.join('\n')}\n`;
}
