import type { BootMode } from '../drivers/types.ts';
import type { JsonObject, Node } from '../store/types.ts';

/** Manufacturer and product of a node's machine, as its BMC told them when it was last asked. */
export function modelOf({
  driverInternalInfo,
}: Pick<Node, 'driverInternalInfo'>): string | undefined {
  const { model } = driverInternalInfo;
  return typeof model === 'string' ? model : undefined;
}

/**
 * The firmware interface that the node shall boot with: the capability `boot_mode` of its instance,
 * else of its properties; `undefined` where neither has it, and the machine keeps its own.
 */
export function bootModeOf(node: Pick<Node, 'instanceInfo' | 'properties'>): BootMode | undefined {
  const [mode] = [node.instanceInfo, node.properties].flatMap(
    ({ capabilities }) => capability(capabilities, 'boot_mode') ?? [],
  );
  return mode === 'bios' || mode === 'uefi' ? mode : undefined;
}

/** Capabilities are `a:1,b:2`, or an object (also as JSON text). */
function capability(capabilities: unknown, name: string): string | undefined {
  const value = typeof capabilities === 'string' ? parsed(capabilities) : capabilities;
  if (typeof value !== 'object' || value === null) return undefined;
  const found = (value as JsonObject)[name];
  return typeof found === 'string' ? found : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return Object.fromEntries(text.split(',').map((pair) => pair.trim().split(':', 2)));
  }
}
