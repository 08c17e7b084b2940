import { readFile } from 'node:fs/promises';
import { run } from '../conductor/process/run.ts';

/** Where the packages of a Debian release come from. */
export type DebianSource = {
  /** Code name, such as `bookworm`. */
  readonly release: string;
  /** One-line `sources.list` entries; empty: the public mirrors. */
  readonly mirrors: readonly string[];
  /** Settings of the host's apt that a build needs too: proxies and the like. */
  readonly aptOptions: readonly string[];
};

/** Built on a host that is no Debian (its keyring package must be installed there). */
const FALLBACK_RELEASE = 'bookworm';
const CARRIED_OPTION = /^Acquire::(https?::|Check-|Retries|ForceIPv)/i;

/** The host's own Debian release, mirrors and apt settings; the public mirrors elsewhere. */
export async function hostDebian(): Promise<DebianSource> {
  const os = parseOsRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''));
  const config = await run('apt-config', ['dump'], { package: 'apt' });
  const aptOptions = parseAptConfig(config.stdout);
  const release = os['VERSION_CODENAME'];
  if (os['ID'] !== 'debian' || !release)
    return { release: FALLBACK_RELEASE, mirrors: [], aptOptions };
  const format = '$(REPO_URI) $(CODENAME) $(COMPONENT)';
  const filters = ['Identifier: Packages', 'Origin: Debian'];
  const targets = await run('apt-get', ['indextargets', '--format', format, ...filters]);
  return { release, mirrors: parseIndexTargets(targets.stdout, release), aptOptions };
}

/** `KEY=value` lines, quotes removed (os-release(5)). */
export function parseOsRelease(text: string): Readonly<Record<string, string>> {
  const pairs = text.split('\n').flatMap((line) => {
    const [, key, value] = /^([A-Z_]+)=["']?(.*?)["']?$/.exec(line) ?? [];
    return key !== undefined && value !== undefined ? [[key, value]] : [];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** Lines of `apt-config dump` that say how to reach mirrors, as apt.conf settings. */
export function parseAptConfig(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [, key = '', value = ''] = /^(\S+) "(.*)";$/.exec(line) ?? [];
    return CARRIED_OPTION.test(key) && value !== '' ? [`${key} "${value}"`] : [];
  });
}

/** `uri codename component` lines of one release as `sources.list` entries. */
export function parseIndexTargets(text: string, release: string): readonly string[] {
  const wanted = [release, `${release}-updates`, `${release}-security`];
  return text.split('\n').flatMap((line) => {
    const [uri, codename = '', component] = line.split(' ');
    if (component !== 'main' || !wanted.includes(codename)) return [];
    return [`deb ${uri} ${codename} main`];
  });
}
