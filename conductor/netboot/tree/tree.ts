import { explain, hasCode } from '../../errors/error.ts';
import { isUuid } from '../../values/uuid.ts';
import type { Ipv4 } from '../../values/ipv4.ts';
import { tryParseMac } from '../../values/mac.ts';
import { BOOT_FILES, type BootFacts, type BootFile, type NetbootFacts } from '../facts.ts';
import type { BootTemplates } from '../templates/load.ts';
import {
  grubConfig,
  grubStartConfig,
  ipxeNodeScript,
  ipxeStartScript,
  pxelinuxConfig,
} from '../templates/configs.ts';
import { factsFor, type Advertised } from './advertised.ts';
import type { LoaderFile } from './loaders.ts';
import { treeName } from './name.ts';
import { nodeAt } from './owner.ts';

/** What a name of the tree holds. */
export type TreeContent =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'text'; readonly text: string };

/**
 * Why a name is not served. `searched`: pxelinux and GRUB look for their config under several names,
 * of which only the MAC's exists here, and shim for files that few sites have; that is no fault and no
 * entry for the timeline.
 */
export type TreeRefusal = 'absent' | 'searched' | 'forbidden' | 'broken';

/** The answer to a request for a name. `nodeUuid` is whom the timeline entry belongs to. */
export type TreeAnswer = { readonly nodeUuid: string | undefined } & (
  | { readonly found: TreeContent }
  | { readonly refused: TreeRefusal; readonly why: string }
);

/** How the tree is made up. */
export type TreeOptions = {
  readonly loaders: Readonly<Record<string, LoaderFile>>;
  /**
   * `lease`: a node's files go only to an address that the DHCP server leased to that node.
   * `none`: to whoever names the node's UUID or MAC; for set-ups with a DHCP server of their own.
   */
  readonly clientCheck: 'lease' | 'none';
  /** Whether iPXE in a NIC's ROM is used as it is, or loads undionly.kpxe first. */
  readonly ipxeRom: 'use' | 'chainload';
  /** Where subnets reach this server by URLs of their own; left out where none does. */
  readonly advertised?: Advertised;
};

/** The virtual tree that TFTP and HTTP serve. */
export type BootTree = {
  resolve(requested: string, client: Ipv4 | undefined): Promise<TreeAnswer>;
};

/** Makes the tree over boot facts: nothing of it is stored, all is rendered when asked. */
export function bootTree(
  facts: NetbootFacts,
  templates: BootTemplates,
  options: TreeOptions,
): BootTree {
  return {
    resolve: async (requested, client) => {
      const name = treeName(requested);
      const at = await nodeAt(client, facts);
      if (name === undefined)
        return { nodeUuid: at, refused: 'forbidden', why: 'not a name of the tree' };
      const shared = sharedContent(name, templates, options);
      if (shared !== undefined) return { nodeUuid: at, found: shared };
      const wish = nodeWish(name);
      const boot = wish && (await wish.facts(facts));
      if (wish === undefined || boot === undefined) return absent(at, name);
      if (options.clientCheck === 'lease' && at !== boot.nodeUuid)
        return { nodeUuid: boot.nodeUuid, refused: 'forbidden', why: foreign(client) };
      return nodeContent(wish, factsFor(boot, client, options.advertised), templates);
    },
  };
}

function sharedContent(
  name: string,
  templates: BootTemplates,
  options: TreeOptions,
): TreeContent | undefined {
  if (name === 'boot.ipxe')
    return { kind: 'text', text: ipxeStartScript(templates, options.ipxeRom) };
  if (name === 'grub/grub.cfg') return { kind: 'text', text: grubStartConfig(templates) };
  const loader = Object.hasOwn(options.loaders, name) ? options.loaders[name] : undefined;
  return loader === undefined ? undefined : { kind: 'file', path: loader.path };
}

/** The configs of a node, by what reads them. */
const CONFIGS = {
  'pxelinux config': pxelinuxConfig,
  'GRUB config': grubConfig,
  'iPXE script': ipxeNodeScript,
} as const;

/** A name below a node: which file of it, and how its boot facts are found. */
type NodeWish = {
  readonly what: BootFile | keyof typeof CONFIGS;
  facts(facts: NetbootFacts): Promise<BootFacts | undefined>;
};

function nodeWish(name: string): NodeWish | undefined {
  const grubMac = GRUB_CONFIG.exec(name)?.slice(1).find(Boolean);
  if (grubMac !== undefined) return macWish('GRUB config', grubMac);
  const [folder = '', file = '', ...deeper] = name.split('/');
  if (deeper.length > 0) return undefined;
  if (folder === 'pxelinux.cfg') return configWish(file);
  if (!isUuid(folder)) return undefined;
  const what = file === 'config' ? 'pxelinux config' : BOOT_FILES.find((known) => known === file);
  const nodeUuid = folder.toLowerCase();
  return what && { what, facts: (facts) => facts.bootFactsByNode(nodeUuid) };
}

/** `01-aa-bb-…` is what pxelinux asks for, `aa-bb-…` what our iPXE script does (contract 1.9). */
function configWish(file: string): NodeWish | undefined {
  const what = /^01-(?=.{17}$)/i.test(file) ? 'pxelinux config' : 'iPXE script';
  return macWish(what, what === 'pxelinux config' ? file.slice(3) : file);
}

/** What GRUB looks for by itself, and Ironic's two names (contract 1.9). */
const GRUB_CONFIG = /^(?:(?:grub\/)?grub\.cfg-01-([0-9a-f-]{17})|([0-9a-f:]{17})\.conf)$/i;

function macWish(what: keyof typeof CONFIGS, text: string): NodeWish | undefined {
  const mac = tryParseMac(text);
  return mac && { what, facts: (facts) => facts.bootFactsByMac(mac) };
}

function nodeContent(wish: NodeWish, boot: BootFacts, templates: BootTemplates): TreeAnswer {
  const { nodeUuid } = boot;
  try {
    if (isConfig(wish.what))
      return { nodeUuid, found: { kind: 'text', text: CONFIGS[wish.what](templates, boot) } };
  } catch (error) {
    if (!hasCode(error, 'BOOT_FACTS_INVALID')) throw error;
    return { nodeUuid, refused: 'broken', why: explain(error) };
  }
  const path = boot.files[wish.what];
  return path === undefined
    ? absent(nodeUuid, wish.what)
    : { nodeUuid, found: { kind: 'file', path } };
}

function isConfig(what: NodeWish['what']): what is keyof typeof CONFIGS {
  return Object.hasOwn(CONFIGS, what);
}

/** Folders of configs, and what shim 16.1 looks for before its second stage. */
const SEARCHED = /^(?:(?:pxelinux\.cfg|grub)\/|(?:revocations|shim_certificate)_\w+\.efi$)/;

function absent(nodeUuid: string | undefined, name: string): TreeAnswer {
  const searched = SEARCHED.test(name) && nodeWish(name) === undefined;
  return { nodeUuid, refused: searched ? 'searched' : 'absent', why: `there is no ${name}` };
}

function foreign(client: Ipv4 | undefined): string {
  return `${client ?? 'the client'} holds no lease of the node whose file it asks for`;
}
