import type { ErrorRows } from './row.ts';

/** Failures of finding out who sends a request, and of what they may. */
export const AUTH_ERRORS = {
  UNAUTHORIZED: {
    status: 401,
    retry: false,
    cause: 'The request has no credentials, or such as are wrong, expired or revoked.',
    next: 'Log in anew: OS_CLOUD or the OS_* variables for Keystone, OS_USERNAME and OS_PASSWORD for a password file.',
  },
  FORBIDDEN: {
    status: 403,
    retry: false,
    cause: 'The roles of the caller do not allow this to this node.',
    next: 'See docs/reference/policy.md for who may, and "openstack token issue" for what the token is for.',
  },
  AUTH_BUSY: {
    status: 503,
    retry: true,
    cause: 'Too many credentials are being checked at the same time.',
    next: 'Try again in a few seconds; if it lasts, look in the log for who sends wrong passwords.',
  },
  AUTH_UNAVAILABLE: {
    status: 503,
    retry: true,
    cause:
      'The credentials cannot be checked: Keystone does not answer, or the password file is broken.',
    next: 'Look into the log of the conductor, and check Keystone or the password file.',
  },
  HOST_REFUSED: {
    status: 403,
    retry: false,
    cause: 'The API asks for no credentials, and the request names a host that it does not know.',
    next: 'Use an address, or add the name to api.allowed_hosts in the configuration.',
  },
  AUTH_USER_FILE_INVALID: {
    status: 500,
    retry: false,
    cause:
      'The file with users and passwords is missing, not readable, or has lines of another form.',
    next: 'Write each line with "htpasswd -nbB USER PASSWORD", and let only the conductor read the file.',
  },
  TLS_UNUSABLE: {
    status: 500,
    retry: false,
    cause: 'The certificate or key of the REST API cannot be read or is none.',
    next: 'Check api.tls_certificate and api.tls_key with "openssl x509" and "openssl pkey".',
  },
} as const satisfies ErrorRows;
