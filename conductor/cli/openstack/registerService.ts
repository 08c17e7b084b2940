import { IronpxeError } from '../../errors/error.ts';
import type { Command, Invocation } from '../command.ts';
import { EXIT } from '../exitCodes.ts';
import { formatTable } from '../view/text.ts';

/** `ironpxe openstack register-service` */
export const registerServiceCommand: Command = {
  name: 'openstack register-service',
  summary: "Enter the REST API into Keystone's catalogue",
  args: [],
  options: {
    'public-url': { value: 'URL', what: 'The REST API as users reach it (needed).' },
    'internal-url': { value: 'URL', what: 'The same for other services; as public by default.' },
    'admin-url': { value: 'URL', what: 'The same for administrators; as public by default.' },
    region: { value: 'REGION', what: 'OS_REGION_NAME, else RegionOne, by default.' },
  },
  text: `Makes the service "baremetal" and its endpoints where they are missing, and corrects endpoints with
another URL; it can run again at any time. It logs in as the administrator whom OS_CLOUD (or
--os-cloud) or the OS_* variables name, and needs no running conductor.`,
  examples: [
    'ironpxe openstack register-service --public-url http://ironic.example.org:6385',
    'ironpxe openstack register-service --os-cloud admin --public-url https://ironic.example.org',
  ],
  run: register,
};

async function register(invocation: Invocation): Promise<number> {
  const { io, json } = invocation;
  const text = (name: string) => invocation.text(name);
  const publicUrl = needUrl('public-url', text('public-url'));
  const urls = {
    public: publicUrl,
    internal: needUrl('internal-url', text('internal-url') ?? publicUrl),
    admin: needUrl('admin-url', text('admin-url') ?? publicUrl),
  };
  const cloud = text('os-cloud');
  const { registerService } = await import('../../openstack/keystoneCatalog.ts');
  const source = { env: io.env, ...(cloud !== undefined && { cloud }) };
  const endpoints = await registerService({ urls, region: text('region') }, source, io.signal);
  const rows = endpoints.map((row) => [row.interface, row.region, row.url, row.outcome]);
  if (json) io.out(`${JSON.stringify({ endpoints })}\n`);
  else io.out(formatTable([['INTERFACE', 'REGION', 'URL', ''], ...rows]));
  return EXIT.ok.status;
}

function needUrl(option: string, url: string | undefined): string {
  if (url !== undefined && /^https?:\/\//.test(url) && URL.canParse(url)) return url;
  throw new IronpxeError(
    'CLI_USAGE',
    `--${option} is ${url === undefined ? 'missing' : `"${url}"`}, expected a URL such as http://ironic.example.org:6385.`,
  );
}
