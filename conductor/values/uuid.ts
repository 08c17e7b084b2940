const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether `text` has the form of a UUID, whatever its version. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
