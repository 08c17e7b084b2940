import { parseArgs } from 'node:util';

const HELP = `ironpxe conductor --config FILE

Runs the conductor in the foreground: REST API, DHCP, TFTP, HTTP boot, and the deploys. It logs JSON
lines to standard output and ends on SIGINT or SIGTERM; work in hand is journaled and goes on at the
next start. Every option of FILE is explained in docs/ironpxe.example.yaml.
`;

/** `ironpxe conductor`: serves until a signal. The exit code is 0, 1 (cannot start) or 2 (usage). */
export async function conductorCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.config === undefined) {
    process.stderr.write(`The conductor needs --config FILE.\n\n${HELP}`);
    return 2;
  }
  const { serve } = await import('../run/serve.ts');
  return serve(values.config);
}
