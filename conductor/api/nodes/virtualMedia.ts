import { MEDIA_DEVICES, type MediaDevice } from '../../drivers/types.ts';
import { IronpxeError } from '../../errors/error.ts';
import { refuseAllBut } from '../paging.ts';
import type { Answer, Call } from '../resource.ts';
import { mediaAttach, parse } from '../schemas.ts';
import { nodeOfPath } from './ident.ts';

/** What a BMC may be told to fetch, and of that what can be fetched here. */
const SCHEMES = ['http:', 'https:', 'nfs:', 'cifs:', 'smb:'];
const FETCHED = ['http:', 'https:'];

/** `POST /v1/nodes/{ident}/vmedia`: begins to put an image into a virtual drive. */
export async function attachMedia(call: Call): Promise<Answer> {
  const wanted = parse(mediaAttach, call.body, 'virtual media');
  const { device_type: device, image_url: imageUrl, image_download_source: source } = wanted;
  checkUrl(imageUrl, source === 'local');
  const node = await nodeOfPath(call);
  await call.conductor.attachMedia(node, { device, imageUrl, serveIt: source === 'local' });
  return { status: 204 };
}

/** `DELETE /v1/nodes/{ident}/vmedia`: begins to empty virtual drives, all or `?device_types=`. */
export async function detachMedia(call: Call): Promise<Answer> {
  const devices = askedDevices(call);
  const node = await nodeOfPath(call);
  await call.conductor.detachMedia(node, devices.length === 0 ? MEDIA_DEVICES : devices);
  return { status: 204 };
}

function checkUrl(imageUrl: string, fetched: boolean): void {
  const scheme = URL.parse(imageUrl)?.protocol ?? '';
  const expected = fetched ? FETCHED : SCHEMES;
  if (expected.includes(scheme)) return;
  const hint = SCHEMES.includes(scheme)
    ? ' The conductor cannot fetch it: image_download_source "http" leaves that to the BMC.'
    : '';
  throw new IronpxeError(
    'INVALID_REQUEST',
    `image_url: found ${scheme === '' ? 'no URL' : `a URL of the kind ${scheme}`}, expected ${expected.join(', ')}.${hint}`,
  );
}

function askedDevices(call: Call): MediaDevice[] {
  refuseAllBut(call, ['device_types']);
  const { device_types: asked = '' } = call.query;
  const names = asked.split(',').map((name) => name.trim().toLowerCase());
  const unknown = names.filter((name) => name !== '' && !isDevice(name));
  if (unknown.length === 0) return [...new Set(names.filter(isDevice))];
  throw new IronpxeError(
    'INVALID_REQUEST',
    `device_types: found ${unknown.join(', ')}, expected some of ${MEDIA_DEVICES.join(', ')}.`,
  );
}

function isDevice(name: string): name is MediaDevice {
  return (MEDIA_DEVICES as readonly string[]).includes(name);
}
