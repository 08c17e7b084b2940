import type { FailureKind } from './failure.ts';

/** Failures of registering images in Glance. Rows have the form of the table of image-tools. */
export const GLANCE_ERRORS = {
  CLOUD_NOT_CONFIGURED: {
    exitStatus: 2,
    cause: 'The OS_* variables or clouds.yaml do not say which cloud to use, and as whom.',
    next: 'Source the openrc file of your project, or set OS_CLOUD to a name in clouds.yaml.',
  },
  CLOUD_UNREACHABLE: {
    exitStatus: 6,
    cause: 'Keystone or Glance cannot be reached, or the connection broke.',
    next: 'Check the address in the message and the service behind it, then run again: what is in Glance already is not sent twice.',
  },
  CLOUD_REFUSED: {
    exitStatus: 6,
    cause: 'Keystone does not take the credentials, or the user may not do this in the project.',
    next: 'Check user, password, project and domains with "openstack token issue".',
  },
  IMAGE_GONE: {
    exitStatus: 6,
    cause: 'An image disappeared while it was being registered, or the address of Glance is wrong.',
    next: 'Check whether someone else removes images, and the image endpoint of the catalog.',
  },
  GLANCE_QUOTA: {
    exitStatus: 6,
    cause: 'The image is larger than Glance takes from this project.',
    next: 'Remove images, have the quota raised, or convert again with --shrink or --compress.',
  },
  GLANCE_REJECTED: {
    exitStatus: 6,
    cause: 'Glance does not accept the request.',
    next: 'Read its reason in the message; a property or format may be forbidden there.',
  },
  GLANCE_FAILED: {
    exitStatus: 6,
    cause: 'Keystone or Glance has trouble of its own.',
    next: 'Look into the logs of the service, then run again.',
  },
  GLANCE_CONTENT_DIFFERS: {
    exitStatus: 6,
    cause:
      'What Glance stored is not what is in the file, or the file changed after the conversion.',
    next: 'Run again; if it stays so, convert again with --force.',
  },
  MANIFEST_UNUSABLE: {
    exitStatus: 3,
    cause: 'NAME.json, or a file that it names, is missing or was not written by atomic-to-pxe.',
    next: 'Give the NAME.json of a finished conversion, with its files beside it.',
  },
} as const;

/** Kind of failure → code of the table. */
export const CODE_OF_KIND = {
  unconfigured: 'CLOUD_NOT_CONFIGURED',
  unreachable: 'CLOUD_UNREACHABLE',
  refused: 'CLOUD_REFUSED',
  missing: 'IMAGE_GONE',
  quota: 'GLANCE_QUOTA',
  rejected: 'GLANCE_REJECTED',
  broken: 'GLANCE_FAILED',
  mismatch: 'GLANCE_CONTENT_DIFFERS',
} as const satisfies Record<FailureKind, keyof typeof GLANCE_ERRORS>;
