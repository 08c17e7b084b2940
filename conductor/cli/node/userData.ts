import { randomBytes } from 'node:crypto';
import { IronpxeError } from '../../errors/error.ts';

/** A file of user data. */
export type UserDataPart = { readonly name: string; readonly text: string };

/** How the first line tells what a part is, in cloud-init's words. Longer beginnings come first. */
const TYPES: readonly (readonly [begin: string, type: string])[] = [
  ['#cloud-config-archive', 'text/cloud-config-archive'],
  ['#cloud-config-jsonp', 'text/cloud-config-jsonp'],
  ['#cloud-config', 'text/cloud-config'],
  ['#cloud-boothook', 'text/cloud-boothook'],
  ['#include-once', 'text/x-include-once-url'],
  ['#include', 'text/x-include-url'],
  ['#part-handler', 'text/part-handler'],
  ['## template: jinja', 'text/jinja2'],
  ['#!', 'text/x-shellscript'],
];

/** A message of its own with parts in it: its own headers say what it is. */
const MULTIPART = /^(MIME-Version:|Content-Type: *multipart\/)/i;

/**
 * The user data of a machine: one part as it is, several as one MIME multipart message (RFC 2046
 * §5.1) that cloud-init takes apart again, in this order.
 * @throws IronpxeError CLI_USAGE for a part that cloud-init would not know what to do with
 */
export function joinUserData(parts: readonly UserDataPart[]): string | undefined {
  const [first, ...more] = parts;
  if (first === undefined || more.length === 0) return first?.text;
  const boundary = `==${randomBytes(16).toString('hex')}==`;
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    'MIME-Version: 1.0',
    '',
    ...parts.flatMap((part) => [`--${boundary}`, entityOf(part)]),
    `--${boundary}--`,
    '',
  ].join('\n');
}

function entityOf({ name, text }: UserDataPart): string {
  if (MULTIPART.test(text)) return text;
  const isAscii = /^[\t\n\r\u0020-\u007e]*$/.test(text);
  return [
    `Content-Type: ${typeOf(name, text)}; charset="utf-8"`,
    'MIME-Version: 1.0',
    `Content-Transfer-Encoding: ${isAscii ? '7bit' : 'base64'}`,
    `Content-Disposition: attachment; filename="${name.replaceAll(/["\\\r\n]/g, '_')}"`,
    '',
    isAscii ? text : wrapped(Buffer.from(text)),
  ].join('\n');
}

function typeOf(name: string, text: string): string {
  const [, type] = TYPES.find(([begin]) => text.startsWith(begin)) ?? [];
  if (type !== undefined) return type;
  const [line = ''] = text.split('\n', 1);
  const expected = TYPES.map(([begin]) => `"${begin}"`).join(', ');
  throw new IronpxeError(
    'CLI_USAGE',
    `--user-data: ${name} begins with ${JSON.stringify(line.slice(0, 60))}; of several parts each ` +
      `must begin with one of ${expected}.`,
  );
}

/** RFC 2045 §6.8: lines of at most 76 characters. */
function wrapped(bytes: Buffer): string {
  return (bytes.toString('base64').match(/.{1,76}/g) ?? []).join('\n');
}
