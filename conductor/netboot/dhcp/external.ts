import type { Ipv4 } from '../../values/ipv4.ts';
import { LOADERS, type Loader } from './loaders.ts';

/** DHCP servers whose configuration can be printed. */
export const EXTERNAL_SERVERS = ['dnsmasq', 'dnsmasq-files', 'isc', 'kea'] as const;
export type ExternalServer = (typeof EXTERNAL_SERVERS)[number];

/** What a foreign DHCP server has to tell the machines. */
export type ExternalBoot = {
  /** Where TFTP is served. */
  readonly tftpServer: Ipv4;
  /** The base of HTTP boot URLs, without a trailing slash. */
  readonly httpUrl: string;
  /** What firmware that is not iPXE loads. */
  readonly loader: 'pxe' | 'ipxe' | 'ipxeDrivers';
};

/** What one client architecture is told. */
export type ExternalRow = {
  readonly architecture: number;
  readonly firmware: string;
  readonly http: boolean;
  /** A name for TFTP, or a URL. */
  readonly file: string;
};

/** One row for each client architecture, from the table that our own server answers by. */
export function externalRows({ httpUrl, loader }: ExternalBoot): readonly ExternalRow[] {
  return [...LOADERS].map(([architecture, row]) => ({
    architecture,
    firmware: row.firmware,
    http: row.transport === 'http',
    file: row.transport === 'http' ? `${httpUrl}/${row[loader]}` : row[loader],
  }));
}

/** Architectures whose iPXE is given the script instead: all with `ipxe`, else those with UEFI. */
export function scriptArchitectures({ loader }: ExternalBoot): readonly number[] {
  const takes = ([, row]: [number, Loader]): boolean => loader !== 'pxe' || row.bootMode === 'uefi';
  return [...LOADERS].filter(takes).map(([architecture]) => architecture);
}

/** The configuration that makes another DHCP server send machines here, as text. */
export function externalConfig(server: ExternalServer, boot: ExternalBoot): string {
  return `${WRITERS[server](boot).join('\n')}\n`;
}

const WRITERS: Readonly<Record<ExternalServer, (boot: ExternalBoot) => string[]>> = {
  dnsmasq: dnsmasqLines,
  'dnsmasq-files': dnsmasqFilesLines,
  isc: iscLines,
  kea: keaLines,
};

/** For mode dnsmasq of the configuration, in which the conductor writes the rest by node. */
function dnsmasqFilesLines(boot: ExternalBoot): string[] {
  return [
    '# For dnsmasq.conf, with the folders of dhcp.dnsmasq_hosts_dir and dnsmasq_options_dir:',
    '# dhcp-hostsdir=/var/lib/ironpxe/dnsmasq/hosts',
    '# dhcp-optsdir=/var/lib/ironpxe/dnsmasq/options',
    ...matchLines(boot),
  ];
}

/** Tags for iPXE and for each client architecture. */
function matchLines(boot: ExternalBoot): string[] {
  return [
    'dhcp-match=set:ipxe,175',
    ...externalRows(boot).map(
      ({ architecture, firmware }) =>
        `dhcp-match=set:arch${architecture},option:client-arch,${architecture} # ${firmware}`,
    ),
    // Spares iPXE the wait for a proxyDHCP server.
    'dhcp-option-force=tag:ipxe,encap:175,176,1b',
  ];
}

/**
 * dnsmasq's `dhcp-boot` and `pxe` features answer PXE clients in their own way, so plain options by
 * tag are written. Of several that match, dnsmasq takes the last one in the file.
 */
function dnsmasqLines(boot: ExternalBoot): string[] {
  const { tftpServer, httpUrl } = boot;
  const rows = externalRows(boot);
  const script = scriptArchitectures(boot);
  return [
    '# For dnsmasq.conf. Machines without a row get no boot file.',
    ...matchLines(boot),
    ...rows.flatMap(({ architecture, file, http }) => [
      `dhcp-boot=tag:arch${architecture}${script.includes(architecture) ? ',tag:!ipxe' : ''},${file},,${tftpServer}`,
      ...(http ? [`dhcp-option-force=tag:arch${architecture},60,HTTPClient`] : []),
    ]),
    ...script.map(
      (architecture) =>
        `dhcp-boot=tag:arch${architecture},tag:ipxe,${httpUrl}/boot.ipxe,,${tftpServer}`,
    ),
  ];
}

function iscLines(boot: ExternalBoot): string[] {
  const { tftpServer, httpUrl } = boot;
  const script = scriptArchitectures(boot);
  const hex = (architecture: number): string => `00:${architecture.toString(16).padStart(2, '0')}`;
  const isScript = script.map((architecture) => `option ironpxe-arch = ${hex(architecture)}`);
  const rows = externalRows(boot).flatMap(({ architecture, firmware, http, file }) => [
    `  } elsif option ironpxe-arch = ${hex(architecture)} { # ${firmware}`,
    ...(http ? ['    option vendor-class-identifier "HTTPClient";'] : []),
    `    filename "${file}";`,
  ]);
  return [
    '# For dhcpd.conf, before the subnets. Machines without a row get no boot file.',
    'option ironpxe-arch code 93 = string;',
    `class "ironpxe" {`,
    '  match if substring(option vendor-class-identifier, 0, 9) = "PXEClient"',
    '    or substring(option vendor-class-identifier, 0, 10) = "HTTPClient";',
    `  next-server ${tftpServer};`,
    `  if exists user-class and option user-class = "iPXE" and (${isScript.join(' or ')}) {`,
    `    filename "${httpUrl}/boot.ipxe";`,
    ...rows,
    '  }',
    '}',
  ];
}

function keaLines(boot: ExternalBoot): string[] {
  const { tftpServer, httpUrl } = boot;
  const script = scriptArchitectures(boot);
  const isArch = (architecture: number): string =>
    `option[93].hex == 0x${architecture.toString(16).padStart(4, '0')}`;
  // Kea takes the first class that names a file: the script's stands before the loaders'.
  const first = {
    name: 'ironpxe-script',
    test: `option[77].hex == 'iPXE' and (${script.map(isArch).join(' or ')})`,
    'next-server': tftpServer,
    'boot-file-name': `${httpUrl}/boot.ipxe`,
  };
  const rows = externalRows(boot).map(({ architecture, file, http }) => ({
    name: `ironpxe-arch-${architecture}`,
    test: isArch(architecture),
    'next-server': tftpServer,
    'boot-file-name': file,
    ...(http && {
      'option-data': [
        { name: 'vendor-class-identifier', data: 'HTTPClient', 'always-send': true },
        { name: 'boot-file-name', data: file, 'always-send': true },
      ],
    }),
  }));
  const classes = { 'client-classes': [first, ...rows] };
  return [
    '// For "Dhcp4" of kea-dhcp4.conf.',
    ...JSON.stringify(classes, undefined, 2).split('\n'),
  ];
}
