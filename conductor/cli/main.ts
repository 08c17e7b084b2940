const args = process.argv.slice(2);
process.exitCode = await(args[0] === 'conductor' ? serve(args.slice(1)) : command());

/** The conductor loads nothing of the other commands: so it starts faster, and is smaller. */
async function serve(own: string[]): Promise<number> {
  const { conductorCommand } = await import('./conductorCommand.ts');
  return conductorCommand(own);
}

async function command(): Promise<number> {
  const [{ runCli }, { processIo }] = await Promise.all([import('./cli.ts'), import('./io.ts')]);
  return runCli(args, processIo());
}
