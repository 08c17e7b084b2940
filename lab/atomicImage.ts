import { join } from 'node:path';
import { convert } from '../image-tools/convert/convert.ts';
import { STAGES } from '../image-tools/convert/events.ts';
import type { ConvertOptions } from '../image-tools/convert/types.ts';
import { hasImageCode } from '../image-tools/errors/error.ts';
import { atomicImage } from '../image-tools/fixture/image.ts';

/** The name of the converted image, and of its files. */
export const ATOMIC_NAME = 'atomic';

/**
 * Builds the Atomic-style image and converts it, both only where that is not done yet.
 * @returns the path of its NAME.json, absolute
 * @throws ImageToolError
 */
export async function netbootAtomic(
  cacheDir: string,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const image = await atomicImage({ cacheDir: join(cacheDir, 'atomic-image'), say });
  signal.throwIfAborted();
  const options: ConvertOptions = {
    image,
    outputDir: join(cacheDir, 'atomic-netboot'),
    name: ATOMIC_NAME,
    // A second in place of half a minute: nobody in the lab edits or shrinks the image.
    appliance: false,
    signal,
    onEvent: (event) => event.kind === 'stage' && say(`atomic-to-pxe: ${STAGES[event.stage]}`),
  };
  const { outputs } = await convert(options).catch(async (error: unknown) => {
    // Of an image that was built from an older recipe.
    if (hasImageCode(error, 'OUTPUT_EXISTS')) return convert({ ...options, force: true });
    throw error;
  });
  return outputs.manifest;
}
