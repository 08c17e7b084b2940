import { randomBytes } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import { strangerKernelOptions } from '../deploy/kernelOptions.ts';
import type { BootFacts, KnownHost } from '../netboot/facts.ts';

/** What machines of no node are to the netboot services. */
export type Strangers = {
  readonly host: KnownHost;
  readonly boot: BootFacts;
  /** The key that their ramdisk shows when it calls; another one for each start of a conductor. */
  readonly key: string;
};

/** Stands for all machines of no node; no node has it. */
const STRANGER_UUID = '00000000-0000-0000-0000-000000000000';

/** What unknown machines boot; `undefined` where they may not enroll themselves. */
export function openStrangers({ inspect, pxe, boot_http: http }: Config): Strangers | undefined {
  const { deploy_kernel, deploy_ramdisk } = pxe;
  if (!inspect.enroll_unknown || deploy_kernel === undefined || deploy_ramdisk === undefined)
    return undefined;
  const key = randomBytes(24).toString('base64url');
  const deployOptions = strangerKernelOptions({
    deployKey: key,
    apiUrl: http.url,
    appendParams: pxe.append_params,
    lldpSeconds: inspect.lldp_seconds,
  });
  const nodeUuid = STRANGER_UUID;
  return {
    key,
    host: { nodeUuid, hostname: undefined, ipxe: pxe.ipxe_enabled, stranger: true },
    boot: {
      nodeUuid,
      label: 'deploy',
      files: { deploy_kernel, deploy_ramdisk },
      deployOptions,
      bootOptions: '',
      diskIdentifier: undefined,
    },
  };
}
