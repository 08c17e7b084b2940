import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { IronpxeError } from '../../errors/error.ts';
import { formatBytes } from '../../values/units.ts';
import { CONFIG_DRIVE_BYTES } from '../plan/imageTable.ts';

const GZIP = Buffer.from([0x1f, 0x8b]);
/** Base64 may have line breaks, as some tools make it. */
const NOT_BASE64 = /[^A-Za-z0-9+/=\s]/;

/**
 * The file system in a config drive as users hand it over: an image, gzipped or not, in base64 or
 * not.
 * @throws IronpxeError CONFIG_DRIVE_INVALID, CONFIG_DRIVE_TOO_LARGE
 */
export async function unpackConfigDrive(packed: Buffer): Promise<Buffer> {
  const bytes = isText(packed) ? Buffer.from(packed.toString('latin1'), 'base64') : packed;
  const image = bytes.subarray(0, 2).equals(GZIP) ? await unzip(bytes) : bytes;
  if (image.length > CONFIG_DRIVE_BYTES) throw tooLarge();
  if (!isIso(image) && !isFat(image))
    throw invalid(`${formatBytes(image.length)} that are neither`);
  return image;
}

function isText(bytes: Buffer): boolean {
  return !NOT_BASE64.test(bytes.toString('latin1'));
}

async function unzip(bytes: Buffer): Promise<Buffer> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: CONFIG_DRIVE_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw invalid('gzip data that is damaged', error);
  }
}

/** ECMA-119 §8.1: the first volume descriptor stands in sector 16. */
function isIso(image: Buffer): boolean {
  return image.toString('latin1', 32_769, 32_774) === 'CD001';
}

function isFat(image: Buffer): boolean {
  if (image.length < 512 || image.readUInt16LE(510) !== 0xaa55) return false;
  return image.toString('latin1', 54, 57) === 'FAT' || image.toString('latin1', 82, 85) === 'FAT';
}

function tooLarge(): IronpxeError {
  return new IronpxeError(
    'CONFIG_DRIVE_TOO_LARGE',
    `The config drive is larger than ${formatBytes(CONFIG_DRIVE_BYTES)}.`,
  );
}

function invalid(found: string, cause?: unknown): IronpxeError {
  const expected = 'an ISO 9660 or FAT image, gzipped or not, as base64 text or as it is';
  return new IronpxeError(
    'CONFIG_DRIVE_INVALID',
    `The config drive: expected ${expected}, found ${found}.`,
    { cause },
  );
}
