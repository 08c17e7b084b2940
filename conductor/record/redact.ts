/** What stands in place of a secret. */
export const REDACTED = 'REDACTED';

const SECRET_NAME = /passw|secret|token|credential|(?:^|[_-])(?:key|nonce)$/i;
/** `name=value` within kernel parameters and configs. */
const SECRET_PAIR = /([\w.-]*(?:passw\w*|secret|token|credential|key|nonce))=("[^"]*"|[^\s"\\]+)/gi;
const URL_LOG_IN = /\/\/[^\s/@]+@/g;

/** The same value without secrets: by the names of keys, and within texts. */
export function redact<T>(value: T): T {
  return redacted(value) as T;
}

function redacted(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (Array.isArray(value)) return value.map(redacted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      SECRET_NAME.test(name) && inner !== null ? REDACTED : redacted(inner),
    ]),
  );
}

function redactText(text: string): string {
  return text.replaceAll(SECRET_PAIR, `$1=${REDACTED}`).replaceAll(URL_LOG_IN, `//${REDACTED}@`);
}
