import { createHmac } from 'node:crypto';

/** Names of the headers (Standard Webhooks 1.0.0). */
export type WebhookHeaders = {
  readonly 'webhook-id': string;
  /** Seconds since the epoch, of this attempt. */
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
};

/**
 * The headers that prove where a body comes from and when it was sent, as Standard Webhooks 1.0.0
 * has them: HMAC-SHA256 over id, timestamp and body, in base64.
 */
export function signedHeaders(
  key: Uint8Array,
  { id, body, nowMs }: { readonly id: string; readonly body: string; readonly nowMs: number },
): WebhookHeaders {
  const timestamp = String(Math.floor(nowMs / 1000));
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${mac}`,
  };
}
