// Runs the netboot services in this process's network namespace. Its one argument is JSON:
// {options, machines, databasePath?}; with the last, leases are stored there as a conductor stores them.
// Prints one JSON line per event, and {"ready":true} once it serves. The end of standard input stops it.
import { loadTemplates } from '../../../conductor/netboot/templates/load.ts';
import { startNetboot, type NetbootOptions } from '../../../conductor/netboot/start.ts';
import { openDatabase } from '../../../conductor/store/database.ts';
import { leaseBook } from '../../../conductor/store/leases.ts';
import { MemoryFacts, type TestMachine } from './memoryFacts.ts';

const wish = JSON.parse(process.argv[2] ?? '{}') as {
  options: NetbootOptions;
  machines: readonly TestMachine[];
  databasePath?: string;
};
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const facts = new MemoryFacts(wish.machines, say);
if (wish.databasePath !== undefined)
  Object.assign(facts, { leases: leaseBook(await openDatabase(wish.databasePath)) });
{
  await using netboot = await startNetboot(wish.options, facts, await loadTemplates(), {
    onError: (error) => say({ error: String(error) }),
  });
  say({ ready: true });
  for await (const _ of process.stdin);
  say({ dhcp: netboot.dhcp?.counters });
}
