/**
 * Brings a requested name into the form that the virtual tree uses: no leading slash, and no
 * `tftpboot/` before it (Ironic's root, which clients of other set-ups still ask for).
 * `undefined` when the name could leave the tree or is no plain name.
 */
export function treeName(requested: string): string | undefined {
  if (requested.length > 255 || !/^[\x21-\x5b\x5d-\x7e]+$/.test(requested)) return undefined;
  const segments = requested.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) return undefined;
  if (segments[0] === 'tftpboot') segments.shift();
  return segments.length === 0 ? undefined : segments.join('/');
}
