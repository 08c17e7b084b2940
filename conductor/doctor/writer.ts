import { access } from 'node:fs/promises';
import { run } from '../process/run.ts';
import { type Check, fail, ok } from './check.ts';
import { isInstalled } from './programs.ts';

const TRANSPORT = '/sys/class/iscsi_transport/tcp';

/** What the writer "iscsiadm" lacks on this host, by what to do; nothing is loaded or started. */
async function missingParts(): Promise<readonly (readonly [what: string, next: string])[]> {
  const isRoot = process.getuid?.() === 0;
  const [hasProgram, hasKernel] = await Promise.all([isInstalled('iscsiadm'), canLogIn()]);
  return [
    ...(isRoot ? [] : [['root', 'Run the conductor as root.'] as const]),
    ...(hasProgram ? [] : [['iscsiadm', 'apt-get install open-iscsi'] as const]),
    ...(hasKernel
      ? []
      : [
          [
            'iscsi_tcp of the kernel',
            'Use a kernel with that module, or iscsi.writer: auto.',
          ] as const,
        ]),
  ];
}

/** The kernel has its initiator, or could load it. */
async function canLogIn(): Promise<boolean> {
  const dryRun = () => run('modprobe', ['--dry-run', 'iscsi_tcp'], { package: 'kmod' });
  return access(TRANSPORT)
    .catch(dryRun)
    .then(
      () => true,
      () => false,
    );
}

/** Tells which writer writes disks, and whether the other one could. */
export const WRITER_CHECK: Check = {
  name: 'writer',
  title: 'What writes disks: the initiator of the conductor, or that of the kernel with dd',
  async run({ config }) {
    const missing = await missingParts();
    const lacks = missing.map(([what]) => what).join(', ');
    if (config.iscsi.writer !== 'iscsiadm') {
      const other = missing.length === 0 ? 'could, too (iscsi.writer)' : `could not: no ${lacks}`;
      return [ok(`the conductor's own initiator writes disks; iscsiadm and dd ${other}`)];
    }
    if (missing.length === 0) return [ok('iscsiadm and dd write disks')];
    const next = missing.map(([, step]) => step).join(' ');
    return [fail(`iscsi.writer is "iscsiadm", and there is no ${lacks}`, next)];
  },
};
