import type { ErrorCode } from '../../errors/table.ts';
import { IronpxeError } from '../../errors/error.ts';

type Row = { readonly code: ErrorCode; readonly text: string };

/** Login status by class and detail (RFC 7143 §11.13.5). */
const ROWS: ReadonlyMap<number, Row> = new Map<number, Row>([
  [0x0101, { code: 'ISCSI_LOGIN_REDIRECTED', text: 'target moved for now' }],
  [0x0102, { code: 'ISCSI_LOGIN_REDIRECTED', text: 'target moved for good' }],
  [0x0200, { code: 'ISCSI_LOGIN_REFUSED', text: 'initiator error' }],
  [0x0201, { code: 'ISCSI_LOGIN_AUTH_FAILED', text: 'authentication failed' }],
  [0x0202, { code: 'ISCSI_LOGIN_AUTH_FAILED', text: 'this initiator may not use the target' }],
  [0x0203, { code: 'ISCSI_TARGET_NOT_FOUND', text: 'target not found' }],
  [0x0204, { code: 'ISCSI_TARGET_NOT_FOUND', text: 'target removed' }],
  [0x0205, { code: 'ISCSI_LOGIN_REFUSED', text: 'unsupported protocol version' }],
  [0x0206, { code: 'ISCSI_LOGIN_REFUSED', text: 'too many connections' }],
  [0x0207, { code: 'ISCSI_LOGIN_REFUSED', text: 'missing parameter' }],
  [0x0208, { code: 'ISCSI_LOGIN_REFUSED', text: 'target cannot include the connection' }],
  [0x0209, { code: 'ISCSI_LOGIN_REFUSED', text: 'unsupported session type' }],
  [0x020a, { code: 'ISCSI_LOGIN_REFUSED', text: 'session does not exist' }],
  [0x020b, { code: 'ISCSI_LOGIN_REFUSED', text: 'invalid request during login' }],
  [0x0300, { code: 'ISCSI_LOGIN_REFUSED', text: 'target error' }],
  [0x0301, { code: 'ISCSI_LOGIN_REFUSED', text: 'service unavailable' }],
  [0x0302, { code: 'ISCSI_LOGIN_REFUSED', text: 'out of resources' }],
]);

/** The error for a login that the target ended; `redirect` is its TargetAddress, if any. */
export function loginRefused(
  iqn: string,
  statusClass: number,
  statusDetail: number,
  redirect?: string,
): IronpxeError {
  const status = (statusClass << 8) | statusDetail;
  const row = ROWS.get(status) ?? { code: 'ISCSI_LOGIN_REFUSED', text: 'unknown reason' };
  const number = status.toString(16).padStart(4, '0');
  const to = redirect === undefined ? '' : ` It names ${redirect}.`;
  return new IronpxeError(
    row.code,
    `The target refused the login to ${iqn}: ${row.text} (status 0x${number}).${to}`,
  );
}
