import { explain, IronpxeError } from '../errors/error.ts';
import type { Node } from '../store/types.ts';
import { checkBootLine } from './bootLine.ts';
import type { Validation } from './conductor.ts';
import { machineOf } from './context.ts';
import { checkDeployFiles } from './deployFiles.ts';
import type { StepServices } from './steps/types.ts';

type Check = (services: StepServices, node: Node) => Promise<void>;

/** What must hold before a deploy, by Ironic's interface. None of the checks touches the machine. */
const CHECKS: Readonly<Record<string, Check>> = {
  power: checkDriver,
  management: checkDriver,
  boot: checkBoot,
  deploy: checkBootLine,
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

async function checkDriver({ database, drivers }: StepServices, node: Node): Promise<void> {
  const machine = await machineOf(database, drivers, node);
  machine.driver.validate(machine.node);
}

async function checkNetwork({ networking }: StepServices, node: Node): Promise<void> {
  networking?.check(node);
}

async function checkBoot({ database, drivers, config }: StepServices, node: Node): Promise<void> {
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
      (): Validation => ({ result: true }),
      (error: unknown): Validation => ({ result: false, reason: explain(error) }),
    ),
  ]);
  return Object.fromEntries(await Promise.all(results));
}

/** Runs every check. @throws the first IronpxeError that a check finds */
export async function assertValid(services: StepServices, node: Node): Promise<void> {
  for (const check of Object.values(checksOf(services, node))) await check(services, node);
}
