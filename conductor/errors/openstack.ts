import type { ErrorRows } from './row.ts';

/** Failures between the conductor and Keystone or Glance. */
export const OPENSTACK_ERRORS = {
  OPENSTACK_NOT_CONFIGURED: {
    status: 400,
    retry: false,
    cause: 'The image is one of Glance, and the configuration does not say how to reach it.',
    next: 'Set keystone.auth_url and the credentials in the configuration, and restart the conductor.',
  },
  OPENSTACK_UNREACHABLE: {
    status: 502,
    retry: true,
    cause: 'Keystone or Glance does not answer.',
    next: 'Check the address in the message from the conductor, and the service behind it.',
  },
  OPENSTACK_REFUSED: {
    status: 502,
    retry: false,
    cause: 'Keystone or Glance refuses the credentials of the configuration.',
    next: 'Check the section keystone of the configuration with "openstack token issue".',
  },
  OPENSTACK_FAILED: {
    status: 502,
    retry: true,
    cause: 'Keystone or Glance answered with trouble of its own, or with what makes no sense.',
    next: 'Look into the logs of the service.',
  },
  GLANCE_IMAGE_UNUSABLE: {
    status: 400,
    retry: false,
    cause: 'The image in Glance has no content yet, or properties that a deploy cannot use.',
    next: 'See "openstack image show" for the field that the message names.',
  },
} as const satisfies ErrorRows;
