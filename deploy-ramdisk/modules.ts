/** What a build is for. The kernel is the distribution's own, named by its meta package. */
export type Profile = {
  readonly kernel: string;
  readonly modules: readonly string[];
  /** Packages of programs that only its machines can use. */
  readonly packages: readonly string[];
};

const VIRTIO = words('virtio_pci virtio_net virtio_blk virtio_scsi virtio_rng sd_mod');

// Without bnx2, bnx2x and qede: they do nothing without firmware files, which are not free software.
// See --module and --package in build.ts for adding them.
const NICS = words(`
  e100 e1000 e1000e igb igbvf igc ixgbe ixgbevf i40e iavf ice
  bnxt_en tg3 broadcom  mlx4_en mlx5_core  cxgb4  sfc  be2net  enic  amd_xgbe  atlantic
  r8169 realtek 8139cp sky2 forcedeth alx atl1c
  vmxnet3 ena gve hv_netvsc pcnet32
`);

const DISK_CONTROLLERS = words(`
  ahci ata_piix ata_generic sata_sil24 sata_nv sata_mv  nvme vmd
  mpt3sas mpi3mr megaraid_sas smartpqi hpsa aacraid arcmsr 3w_sas mptsas mptspi isci mvsas pm80xx
  vmw_pvscsi hv_storvsc sym53c8xx
`);

/** Keyboards, for the shell of troubleshoot=1. */
const KEYBOARDS = words('xhci_pci ehci_pci uhci_hcd usbhid hid_generic');

const SERVER = [...VIRTIO, ...NICS, ...DISK_CONTROLLERS, ...KEYBOARDS];

/** The way to the BMC. */
const BMC = words('ipmi_si ipmi_ssif ipmi_devintf');

/** Those of root partitions and of EFI system partitions, with the character sets of the latter. */
export const FILE_SYSTEMS = words('ext4 xfs btrfs vfat nls_cp437 nls_ascii nls_iso8859_1 nls_utf8');

export const PROFILES = {
  /** Virtual machines with virtio devices only; the cloud kernel boots fastest. */
  virtio: { kernel: 'linux-image-cloud-amd64', modules: VIRTIO, packages: [] },
  /** Servers: common NICs and disk controllers, and virtual machines of every make. */
  broad: { kernel: 'linux-image-amd64', modules: SERVER, packages: [] },
  /** Erases NVMe disks, asks the BMC for its address and hears switches besides. */
  full: {
    kernel: 'linux-image-amd64',
    modules: [...SERVER, ...BMC],
    packages: ['nvme-cli', 'ipmitool', 'lldpad'],
  },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof PROFILES;

/** The index files that depmod writes, as text. */
export type ModuleIndex = {
  readonly dep: string;
  readonly softdep: string;
  readonly alias: string;
  /** Modules compiled into the kernel. */
  readonly builtin: string;
};

/** What a wish list comes to: paths below /lib/modules/VERSION, and names the kernel does not have. */
export type Selection = { readonly paths: readonly string[]; readonly unknown: readonly string[] };

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter(Boolean);
}

/** `kernel/drivers/net/virtio_net.ko.xz` → `virtio_net`; `-` and `_` mean the same in a name. */
export function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_');
}

/** The modules wished for with all that they need, also softly (crypto, PHY drivers). */
export function selectModules(wished: readonly string[], index: ModuleIndex): Selection {
  const byName = parseDep(index.dep);
  const builtin = new Set(index.builtin.split('\n').map(moduleName));
  const soft = parseSoftdep(index.softdep);
  const aliases = parsePlainAliases(index.alias);
  const paths = new Set<string>();
  const visit = (name: string): void => {
    const module = byName.get(name);
    if (!module || paths.has(module.path)) return;
    paths.add(module.path);
    for (const path of module.needs) visit(moduleName(path));
    for (const other of soft.get(name) ?? [])
      for (const n of aliases.get(other) ?? [other]) visit(n);
  };
  for (const name of wished) visit(name);
  const unknown = wished.filter((name) => !byName.has(name) && !builtin.has(name));
  return { paths: [...paths].sort(), unknown };
}

type Module = { readonly path: string; readonly needs: readonly string[] };

function parseDep(text: string): ReadonlyMap<string, Module> {
  const lines = text.split('\n').filter((line) => line.includes(':'));
  return new Map(
    lines.map((line) => {
      const [path = '', needs = ''] = line.split(':');
      return [moduleName(path), { path, needs: needs.split(' ').filter(Boolean) }];
    }),
  );
}

/** Lines such as `softdep r8169 pre: realtek`. */
function parseSoftdep(text: string): ReadonlyMap<string, readonly string[]> {
  const lines = [...text.matchAll(/^softdep (\S+) (.*)$/gm)];
  return new Map(
    lines.map(([, name = '', rest = '']) => [
      name,
      rest.split(/\s+/).flatMap((word) => (/^(pre:|post:)?$/.test(word) ? [] : moduleName(word))),
    ]),
  );
}

/** Aliases without wildcards (`crypto-crc32c`), which is what soft dependencies name. */
function parsePlainAliases(text: string): ReadonlyMap<string, readonly string[]> {
  const aliases = new Map<string, string[]>();
  for (const [, alias = '', name = ''] of text.matchAll(/^alias ([^\s*?[]+) (\S+)$/gm)) {
    const key = alias.replaceAll('-', '_');
    aliases.set(key, [...(aliases.get(key) ?? []), name]);
  }
  return aliases;
}
