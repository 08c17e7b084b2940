import { IronpxeError } from '../../errors/error.ts';
import { refuseNewer } from '../fields.ts';
import type { Answer, Call } from '../resource.ts';
import { nodeOfPath } from './ident.ts';

/** `GET /v1/nodes/{ident}/bios`: settings are known of drivers with a BIOS interface only. */
export async function listBios(call: Call): Promise<Answer> {
  for (const name of Object.keys(call.query)) refuseNewer('biosParameters', name, call.minor);
  await nodeOfPath(call);
  return { status: 200, body: { bios: [] } };
}

/** `GET /v1/nodes/{ident}/bios/{setting}` */
export async function showBios(call: Call): Promise<Answer> {
  const { uuid } = await nodeOfPath(call);
  throw new IronpxeError(
    'RECORD_NOT_FOUND',
    `Node ${uuid} doesn't have a BIOS setting '${call.params.setting}'`,
  );
}
