import { z } from 'zod';
import { IronpxeError } from '../../errors/error.ts';
import type { ErrorCode } from '../../errors/table.ts';
import type { HttpAnswer } from './http.ts';

// DSP0266 "Error responses": one error object with messages from registries.
const message = z.object({ MessageId: z.string().default(''), Message: z.string().default('') });
const errorBody = z.object({
  error: z.object({
    message: z.string().default(''),
    '@Message.ExtendedInfo': z.array(message).catch([]).default([]),
  }),
});

/** Messages of BMCs that will take the same request later: HPE while the firmware runs, others. */
const LATER =
  /UnableToModifyDuringSystemPOST|ServiceTemporarilyUnavailable|ResourceInUse|ServiceInUnknownState|ResourceInStandby|ServiceShuttingDown|SystemResetRequired|LockedByAnother/i;

/** What the BMC said about its refusal, in its own words. */
export function messagesOf(body: unknown): { readonly ids: string; readonly text: string } {
  const parsed = errorBody.safeParse(body);
  if (!parsed.success) return { ids: '', text: 'no explanation' };
  const { message: general, '@Message.ExtendedInfo': infos } = parsed.data.error;
  const texts = infos.map(({ Message }) => Message).filter(Boolean);
  const ids = infos.map(({ MessageId }) => MessageId).join(' ');
  const text = (texts.join(' ') || general || ids || 'no explanation').slice(0, 400);
  return { ids, text };
}

/** Turns a refused request into an error of the table. @param what method and path */
export function redfishFault(origin: string, what: string, answer: HttpAnswer): IronpxeError {
  const { ids, text } = messagesOf(answer.body);
  const said = text.replace(/\.$/, '');
  const subject = `BMC ${origin}: ${what} was answered ${answer.status}: ${said}.`;
  return new IronpxeError(codeFor(answer.status, ids), subject);
}

function codeFor(status: number, messageIds: string): ErrorCode {
  if (status === 401 || status === 403) return 'DRIVER_BMC_AUTH';
  if (status === 503 || status === 409 || status === 429) return 'DRIVER_BMC_BUSY';
  return LATER.test(messageIds) ? 'DRIVER_BMC_BUSY' : 'DRIVER_BMC_REFUSED';
}
