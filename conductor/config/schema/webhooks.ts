import { z } from 'zod';
import { EVENT_KINDS } from '../../events/kinds.ts';
import { seconds } from './values.ts';

const KINDS = Object.keys(EVENT_KINDS);
const PATTERNS = new Set(['*', ...KINDS, ...KINDS.map((kind) => kind.replace(/\.\w+$/, '.*'))]);
const DEFAULT_PATTERNS = ['node.*', 'state.*', 'operation.*', 'power.*'];
const LEAST_KEY_BYTES = 24;
const MOST_KEY_BYTES = 64;

const pattern = z
  .string()
  .refine(
    (text) => PATTERNS.has(text),
    'expected *, a kind of event such as state.changed, or a group such as power.*',
  );

const url = z.url({ protocol: /^https?$/ }).refine((text) => {
  const { username, password } = new URL(text);
  return username === '' && password === '';
}, 'a user in the URL is not sent; the signature tells who posts');

/** Standard Webhooks 1.0.0: `whsec_` and a key of 24 to 64 bytes in base64. */
const secret = z.string().transform((text, context): Uint8Array => {
  const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const key = Buffer.from(base64, 'base64');
  if (key.length < LEAST_KEY_BYTES || key.length > MOST_KEY_BYTES)
    context.addIssue(
      `expected whsec_ and ${LEAST_KEY_BYTES} to ${MOST_KEY_BYTES} bytes in base64, as of "openssl rand -base64 32"`,
    );
  return key;
});

const webhook = z.strictObject({
  url: url.describe('Where events are posted, one at a time and in order; each URL once.'),
  secret: secret.describe(
    'whsec_ and a key of 24 to 64 bytes in base64, by which each post is signed (Standard Webhooks).',
  ),
  events: z
    .array(pattern)
    .min(1)
    .default(DEFAULT_PATTERNS)
    .describe(
      'Which events: kinds as a timeline shows them, such as state.changed; groups such as power.*; * for all.',
    ),
  give_up_seconds: seconds
    .default(24 * 3600)
    .describe('How long an event is tried, before it is given up with a warning in the log.'),
});

/** Who is told of events. */
export const webhooks = z
  .array(webhook)
  .max(16)
  .refine(
    (all) => new Set(all.map((one) => one.url)).size === all.length,
    'a URL stands there twice',
  )
  .default([]);
