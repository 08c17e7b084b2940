import { IronpxeError } from '../../errors/error.ts';
import type { BootDevice } from '../types.ts';
import type { PowerRequest } from './driver.ts';

const ANSWER_TIMEOUT_MS = 120_000;

/**
 * POSTs a request to switch a machine; `true` when it is switched, `false` when somebody will say so.
 * The URL may hold a secret, and stands in no message.
 * @throws IronpxeError POWER_WEBHOOK
 */
export async function callWebhook(
  url: string,
  { nodeUuid, target, text, device }: PowerRequest & { readonly device: BootDevice | undefined },
  signal: AbortSignal,
): Promise<boolean> {
  const json = { node_uuid: nodeUuid, target, text, boot_device: device ?? null };
  const status = await post(url, json, signal);
  if (status === 200 || status === 204) return true;
  if (status === 202) return false;
  const message = `The web hook at ${new URL(url).host} answered ${status}, expected 200, 202 or 204.`;
  throw new IronpxeError('POWER_WEBHOOK', message);
}

async function post(url: string, json: object, signal: AbortSignal): Promise<number> {
  const { default: got } = await import('got');
  try {
    const answer = await got.post(url, {
      json,
      signal,
      timeout: { request: ANSWER_TIMEOUT_MS },
      retry: { limit: 0 },
      throwHttpErrors: false,
      followRedirect: false,
    });
    return answer.statusCode;
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    const message = `The web hook at ${new URL(url).host} did not answer: ${why}.`;
    throw new IronpxeError('POWER_WEBHOOK', message, { cause: error });
  }
}
