import { explain, IronpxeError } from '../errors/error.ts';
import type { Node } from '../store/types.ts';
import { checkBootLine } from './bootLine.ts';
import type { Validation } from './conductor.ts';
import { machineOf } from './context.ts';
import { checkDeployFiles } from './deployFiles.ts';
import type { StepServices } from './steps/types.ts';

/** What is worth telling of an interface that is ready, if anything. */
type Check = (services: StepServices, node: Node) => Promise<string | undefined>;

/** What must hold before a deploy, by Ironic's interface. None of the checks touches the machine. */
const CHECKS: Readonly<Record<string, Check>> = {
  power: checkDriver,
  management: checkDriver,
  boot: checkBoot,
  deploy: checkKernelLine,
  network: checkNetwork,
};

/** Where there is no machine, only its `driver_info` can be wrong. */
const SIMULATED_CHECKS: typeof CHECKS = {
  power: checkDriver,
  management: checkDriver,
  boot: checkDriver,
  deploy: checkDriver,
  bios: checkDriver,
  console: checkDriver,
  inspect: checkDriver,
  raid: checkDriver,
  rescue: checkDriver,
  network: checkNetwork,
};

function checksOf({ drivers }: StepServices, node: Node): typeof CHECKS {
  return drivers.get(node.driver)?.simulate === undefined ? CHECKS : SIMULATED_CHECKS;
}

async function checkDriver({ database, drivers }: StepServices, node: Node): Promise<undefined> {
  const machine = await machineOf(database, drivers, node);
  machine.driver.validate(machine.node);
}

/** The line is told where Ironic has null: every client shows it beside the result. */
async function checkKernelLine(services: StepServices, node: Node): Promise<string | undefined> {
  const line = await checkBootLine(services, node);
  const parts = line?.parts.map(({ text, from }) => `${text} [${from}]`);
  return parts && `Kernel line: ${parts.join(' ')}`;
}

async function checkNetwork({ networking }: StepServices, node: Node): Promise<undefined> {
  networking?.check(node);
}

async function checkBoot(
  { database, drivers, config }: StepServices,
  node: Node,
): Promise<undefined> {
  const machine = await machineOf(database, drivers, node);
  if (machine.node.macs.length === 0)
    throw new IronpxeError(
      'DEPLOY_PARAMETER_MISSING',
      `Node ${node.uuid} does not have any port associated with it.`,
    );
  checkDeployFiles(node, config);
}

/** Runs every check and says of each interface whether it is ready, and if not, why. */
export async function validateNode(
  services: StepServices,
  node: Node,
): Promise<Record<string, Validation>> {
  const results = Object.entries(checksOf(services, node)).map(async ([name, check]) => [
    name,
    await check(services, node).then(
      (told): Validation => ({ result: true, ...(told !== undefined && { reason: told }) }),
      (error: unknown): Validation => ({ result: false, reason: explain(error) }),
    ),
  ]);
  return Object.fromEntries(await Promise.all(results));
}

/** Runs every check. @throws the first IronpxeError that a check finds */
export async function assertValid(services: StepServices, node: Node): Promise<void> {
  for (const check of Object.values(checksOf(services, node))) await check(services, node);
}
