import { z } from 'zod';
import { hasCode } from '../../errors/error.ts';
import type { RedfishClient } from './client.ts';

/** URL scheme → TransferProtocolType. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  'http:': 'HTTP',
  'https:': 'HTTPS',
  'nfs:': 'NFS',
  'cifs:': 'CIFS',
  'smb:': 'CIFS',
};

/** What is optional in DMTF's schema and needed by some BMCs, with what is given to them. */
const ON_REQUEST: Readonly<Record<string, (imageUrl: string) => string | undefined>> = {
  TransferProtocolType: (imageUrl) => PROTOCOLS[URL.parse(imageUrl)?.protocol ?? ''],
  TransferMethod: () => 'Stream',
  // NVIDIA's DGX wants both also for an image that needs none (Launchpad 2071945).
  UserName: () => 'none',
  Password: () => 'none',
};

const actionInfo = z.object({
  Parameters: z.array(z.object({ Name: z.string(), Required: z.boolean().default(false) })),
});

/** The parameters of InsertMedia: the image, and what the BMC turns out to need besides. */
export async function insertParameters(
  client: RedfishClient,
  infoPath: string | undefined,
  imageUrl: string,
): Promise<{
  readonly body: () => Readonly<Record<string, string>>;
  /** Adds what the refusal names as missing; `false` when that is nothing that can be given. */
  readonly add: (refusal: unknown) => boolean;
}> {
  const body: Record<string, string> = { Image: imageUrl };
  const addWhere = (isNeeded: (name: string) => boolean): boolean => {
    const before = Object.keys(body).length;
    for (const [name, give] of Object.entries(ON_REQUEST)) {
      const value = give(imageUrl);
      if (!(name in body) && value !== undefined && isNeeded(name)) body[name] = value;
    }
    return Object.keys(body).length > before;
  };
  const required = infoPath === undefined ? [] : await requiredOf(client, infoPath);
  addWhere((name) => required.includes(name));
  return {
    body: () => body,
    add: (refusal) =>
      hasCode(refusal, 'DRIVER_BMC_REFUSED') && addWhere((name) => refusal.message.includes(name)),
  };
}

async function requiredOf(client: RedfishClient, path: string): Promise<readonly string[]> {
  const parsed = actionInfo.safeParse((await client.get(path)).body);
  return (parsed.data?.Parameters ?? []).filter((one) => one.Required).map((one) => one.Name);
}
