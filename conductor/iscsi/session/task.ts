import type { Residual } from '../wire/responses.ts';
import type { DataOut } from './dataOut.ts';

/** A SCSI command to be carried out: at most one of `dataOut` and `dataIn`. */
export type ScsiTask = {
  readonly cdb: Uint8Array;
  /** The logical unit, where it is another than that of the session. */
  readonly lun?: number;
  /** What the command sends; must not change until it is settled. */
  readonly dataOut?: DataOut;
  /** Where to put what the command sends back; as much as it may send. */
  readonly dataIn?: Buffer;
};

/** How a command ended. */
export type ScsiResult = {
  /** The SCSI status (SAM-5 §5.3): 0 good, 2 check condition, 8 busy … */
  readonly status: number;
  /** The part of `dataIn` that was filled. */
  readonly data: Buffer;
  readonly sense: Buffer;
  readonly residual: Residual;
};

/** What the state of a session wants done. */
export type Effect =
  | {
      readonly kind: 'send';
      readonly chunks: readonly Uint8Array[];
      /** To be called when the chunks are no longer needed. */
      readonly release?: () => void;
    }
  | { readonly kind: 'settled'; readonly task: ScsiTask; readonly result: ScsiResult }
  | { readonly kind: 'refused'; readonly task: ScsiTask; readonly reason: string }
  | { readonly kind: 'closed'; readonly reason: string };

/** A command on its way. */
export type TaskState = {
  readonly task: ScsiTask;
  readonly tag: number;
  /** Bytes of `dataOut` sent, or of `dataIn` received. */
  movedBytes: number;
  /** When it was sent, or the target last asked for or sent data of it. */
  activeAtMs: number;
};
