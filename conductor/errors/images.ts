import type { ErrorRows } from './row.ts';

/** Failures of fetching, checking and converting images. */
export const IMAGE_ERRORS = {
  IMAGE_SCHEME_UNSUPPORTED: {
    status: 400,
    retry: false,
    cause: 'The image reference is no URL of a kind that this conductor can fetch.',
    next: 'Give the image as file:///absolute/path, http://…, https://… or its UUID in Glance.',
  },
  IMAGE_NOT_FOUND: {
    status: 404,
    retry: false,
    cause: 'There is no image at the place that the reference names.',
    next: 'Check the path or URL of the image.',
  },
  IMAGE_UNKNOWN: {
    status: 404,
    retry: false,
    cause: 'No image was given this name in this conductor.',
    next: 'See the names with "ironpxe image list", or give the image one with "ironpxe image add".',
  },
  IMAGE_NAME_TAKEN: {
    status: 409,
    retry: false,
    cause: 'The name stands for another image already.',
    next: 'Choose another name, or replace the image with "ironpxe image add --replace".',
  },
  IMAGE_PATH_NOT_ALLOWED: {
    status: 400,
    retry: false,
    cause: 'A file:// image lies, with its symbolic links followed, outside the allowed folders.',
    next: 'Move the image into an allowed folder, or add its folder to the configuration.',
  },
  IMAGE_DOWNLOAD_REFUSED: {
    status: 502,
    retry: false,
    cause: 'The image server answered the request for the image with a refusal.',
    next: 'Try the URL by hand from the conductor; check its credentials and its lifetime.',
  },
  IMAGE_DOWNLOAD_FAILED: {
    status: 502,
    retry: true,
    cause: 'The image could not be downloaded to its end, and trying again did not get further.',
    next: 'Check the image server and the network; the next try goes on where this one stopped.',
  },
  IMAGE_CHECKSUM_INVALID: {
    status: 400,
    retry: false,
    cause: 'The checksum given for the image is no MD5, SHA-256 or SHA-512 digest in hex.',
    next: 'Give 32, 64 or 128 hex digits, and the algorithm that fits their number.',
  },
  IMAGE_CHECKSUM_MISMATCH: {
    status: 400,
    retry: false,
    cause: 'The content of the image is not what its checksum says.',
    next: 'Check whether the image was replaced or damaged, and correct the checksum or the image.',
  },
  IMAGE_TOO_LARGE: {
    status: 400,
    retry: false,
    cause: 'The image, or the disk that it describes, is larger than this conductor accepts.',
    next: 'Use a smaller image or raise the limit in the configuration.',
  },
  IMAGE_CACHE_FULL: {
    status: 507,
    retry: true,
    cause: 'The file system of the image cache has too little free space for the image.',
    next: 'Free some space, or put the image cache on a larger file system.',
  },
  IMAGE_FORMAT_MISMATCH: {
    status: 400,
    retry: false,
    cause: 'The first bytes of the image show another format than its name or declaration says.',
    next: 'Correct the declared format or the name, or check that the right file was uploaded.',
  },
  IMAGE_FORMAT_UNSUPPORTED: {
    status: 400,
    retry: false,
    cause: 'The image has a format that is not written to disks.',
    next: 'Convert it on a host of yours: qemu-img convert -O qcow2 (unpack archives first).',
  },
  IMAGE_UNSAFE: {
    status: 400,
    retry: false,
    cause: 'The image refers to other files, is encrypted, or has a header that cannot be true.',
    next: 'Make a self-contained copy on a host of yours: qemu-img convert -O qcow2.',
  },
  IMAGE_CORRUPT: {
    status: 400,
    retry: false,
    cause: 'The image is empty, cut off or damaged inside.',
    next: 'Copy or upload the image again; "qemu-img check" shows the damage.',
  },
} as const satisfies ErrorRows;
