import { IronpxeError } from '../errors/error.ts';
import type { AskedStep } from './conductor.ts';
import { planNamed, type StepFrame, unnamed } from './namedSteps.ts';
import { REFUSE } from './steps/refuse.ts';
import type { Procedure, Step } from './steps/types.ts';

/** How active machines of a kind are serviced. */
type Servicing = {
  /** Every step that a service may have. */
  readonly steps: readonly Step[];
  /** What stands around the steps that were asked for. */
  readonly frame: (asked: readonly AskedStep[]) => StepFrame;
  /** What is done when no steps are asked for: the disk is compared with its deploy. */
  readonly verification?: readonly Step[];
  readonly cleanUp?: Procedure['cleanUp'];
};

/**
 * The procedure of `service`. As in a cleaning, a step that the machine does not have is a failed
 * service and not a refused request.
 */
export function serviceVerb({ steps, frame, verification, cleanUp }: Servicing): Procedure {
  return {
    steps: [...steps, REFUSE],
    plan({ node, options: { serviceSteps } }) {
      if (serviceSteps !== undefined) return planNamed(frame(serviceSteps), serviceSteps);
      if (verification !== undefined) return unnamed(verification);
      throw new IronpxeError(
        'VERB_UNSUPPORTED',
        `Node ${node.uuid} of driver ${node.driver} has no ramdisk that compares its disk with what was deployed.`,
      );
    },
    refusal: REFUSE,
    ...(cleanUp && { cleanUp }),
  };
}
