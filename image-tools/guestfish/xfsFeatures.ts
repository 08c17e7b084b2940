/** What `xfs_info` says: section and key, such as `meta-data.crc`, to value. */
export type XfsInfo = ReadonlyMap<string, string>;

/** Parses the report of xfs_info(8). */
export function parseXfsInfo(text: string): XfsInfo {
  const found = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n')) {
    section = /^([a-z][\w-]*)\s*=/.exec(line)?.[1] ?? section;
    for (const [, key, value] of line.matchAll(/([a-z][\w-]*)=([^\s,]+)/g))
      if (key !== undefined && value !== undefined && !found.has(`${section}.${key}`))
        found.set(`${section}.${key}`, value);
  }
  return found;
}

const CRC_FEATURES = ['finobt', 'rmapbt', 'reflink', 'bigtime', 'inobtcount'] as const;

/**
 * The options of mkfs.xfs(8) for a file system with the features that `info` tells of. What xfs_info
 * does not mention is newer than the file system, and is turned off.
 */
export function xfsMakeOptions(
  info: XfsInfo,
  names: { readonly uuid?: string | undefined; readonly label?: string | undefined },
): string[] {
  const crc = info.get('meta-data.crc') === '1';
  const on = (key: string) => (info.get(`meta-data.${key}`) === '1' ? 1 : 0);
  const features = [`crc=${crc ? 1 : 0}`];
  if (crc) for (const feature of CRC_FEATURES) features.push(`${feature}=${on(feature)}`);
  if (names.uuid !== undefined) features.push(`uuid=${names.uuid}`);
  const ftype = info.get('naming.ftype') === '0' ? 0 : 1;
  return [
    '-m',
    features.join(','),
    '-i',
    `size=${info.get('meta-data.isize') ?? 512},sparse=${crc ? on('sparse') : 0}`,
    '-b',
    `size=${info.get('data.bsize') ?? 4096}`,
    ...(crc ? [] : ['-n', `ftype=${ftype}`]),
    ...(names.label !== undefined && /^[\w.-]+$/.test(names.label) ? ['-L', names.label] : []),
  ];
}
