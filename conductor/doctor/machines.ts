import { run } from '../process/run.ts';
import { type Check, type CheckResult, fail, ok, skip, warn } from './check.ts';
import { reason } from './files.ts';

type Finding = Omit<CheckResult, 'check'>;

/** BMCs are slow, and each answer may take seconds; so many are asked at a time. */
const AT_A_TIME = 8;

/** Drivers without anything that could be asked. */
const NO_BMC = new Set(['manual', 'fake-hardware']);

/** Asks what switches each enrolled machine, with its real credentials. */
export const BMC_CHECK: Check = {
  name: 'machines',
  title: 'What switches the enrolled machines can be reached',
  async run({ nodes, askBmc }) {
    if (nodes === undefined) return [skip('no conductor answers at the API')];
    const asked = nodes.filter(({ driver }) => !NO_BMC.has(driver));
    if (asked.length === 0) return [ok('no machine with a BMC is enrolled')];
    const findings: Finding[] = [];
    const waiting = asked.values();
    const worker = async (): Promise<void> => {
      for (const node of waiting)
        findings.push(
          ...(await askBmc(node.uuid).then(
            () => [],
            (error: unknown) => [
              fail(`${node.name} (${node.driver}): ${reason(error)}`, 'Correct its driver_info.'),
            ],
          )),
        );
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    const good = asked.length - findings.length;
    return [...(good > 0 ? [ok(`${good} of ${asked.length} answer`)] : []), ...findings];
  },
};

/** Certificates, tokens and the order of events need a clock that is right. */
export const CLOCK_CHECK: Check = {
  name: 'clock',
  title: 'The clock is set, and kept by a time service',
  async run({ signal }) {
    const text = await run('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
      signal,
      timeoutMs: 5000,
    }).then(
      ({ stdout }) => stdout.trim(),
      () => undefined,
    );
    const now = new Date().toISOString().slice(0, 19);
    if (new Date().getFullYear() < 2025)
      return [fail(`it is ${now}Z here`, 'Set the clock, and start a time service.')];
    if (text === 'no')
      return [warn(`${now}Z, not synchronized`, 'Start chrony or systemd-timesyncd.')];
    return [ok(`${now}Z${text === 'yes' ? ', synchronized' : ''}`)];
  },
};
