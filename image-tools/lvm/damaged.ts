import { ImageToolError } from '../errors/error.ts';

/** SOURCE_DAMAGED for a physical volume. */
export function damagedLvm(how: string): ImageToolError {
  return new ImageToolError('SOURCE_DAMAGED', `The LVM physical volume cannot be read: ${how}.`);
}
