import type { JsonObject } from '../store/types.ts';

/** What stands in the place of a secret. */
export const MASK = '******';

const SECRET_KEY =
  /password|passphrase|admin_?pass|new_pass|sys_pswd|secret|key_contents|private_key|encrypted_key|token|snmp_(?:auth|priv)_key/i;
const SECRET_INSTANCE_KEYS = ['configdrive', 'image_url', 'deploy_key', 'rescue_password'];

/** Whether JSON text may hold what is masked; most does not, and need not be parsed then. */
export function mayHoldSecrets(json: string): boolean {
  return SECRET_KEY.test(json) || SECRET_INSTANCE_KEYS.some((key) => json.includes(key));
}

/** A copy of `value` in which what stands under a secret's name is masked, at every depth. */
export function maskSecrets(value: JsonObject): JsonObject {
  return masked(value, (key) => SECRET_KEY.test(key));
}

/** A copy of an `instance_info` without its secrets. */
export function maskInstanceInfo(value: JsonObject): JsonObject {
  return masked(value, (key) => SECRET_INSTANCE_KEYS.includes(key) || SECRET_KEY.test(key));
}

function masked(value: JsonObject, isSecret: (key: string) => boolean): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, maskItem(key, item, isSecret)]),
  );
}

function maskItem(key: string, item: unknown, isSecret: (key: string) => boolean): unknown {
  if (isSecret(key)) return item === null ? null : MASK;
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  return masked(item as JsonObject, isSecret);
}
