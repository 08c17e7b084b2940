/** One argument of a guestfish command, so that guestfish reads back exactly `text`. */
export function quoteArgument(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.includes(0)) throw new Error('a guestfish argument cannot hold a zero byte');
  return `"${[...bytes].map(quoteByte).join('')}"`;
}

function quoteByte(byte: number): string {
  const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
  return plain ? String.fromCodePoint(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}
