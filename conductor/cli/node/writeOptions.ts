import { IronpxeError } from '../../errors/error.ts';
import type { Invocation, OptionRow } from '../command.ts';
import type { JsonObject } from '../json.ts';

const VERIFY_MODES = ['full', 'written', 'off'];

/** How the disk is written; what is not said is as the configuration has it. */
export const WRITE_OPTIONS: Readonly<Record<string, OptionRow>> = {
  full: { what: 'Send all of the image, also what the disk holds already.' },
  verify: {
    value: 'MODE',
    what: 'What is read back: full, written (and a sample of the zeros) or off.',
  },
  relay: { what: 'Let machines that get the same image hand it on to each other.' },
};

/**
 * The fields of `instance_info` for {@link WRITE_OPTIONS}.
 * @throws IronpxeError CLI_USAGE for another mode
 */
export function readWriteOptions(invocation: Invocation): JsonObject {
  const verify = invocation.text('verify');
  if (verify !== undefined && !VERIFY_MODES.includes(verify))
    throw new IronpxeError(
      'CLI_USAGE',
      `--verify ${verify}: expected one of ${VERIFY_MODES.join(', ')}.`,
    );
  return {
    ...(invocation.flag('full') && { ironpxe_write: 'full' }),
    ...(verify !== undefined && { ironpxe_verify: verify }),
    ...(invocation.flag('relay') && { ironpxe_relay: true }),
  };
}
