import type { Answer } from './redfishService.ts';

/** A virtual drive, and the ways in which drives of BMCs differ. */
export type DriveTraits = {
  readonly id: string;
  readonly types: readonly string[];
  /** How it is changed: by actions (the default), by PATCH, or not at all but by a console. */
  readonly by?: 'action' | 'patch' | 'console';
  /** Parameters without which InsertMedia is refused; `infoNames`: the ActionInfo says so. */
  readonly needs?: readonly string[];
  readonly infoNames?: true;
  /** Refuses every image, as drives do that are for the BMC's own console. */
  readonly refuses?: true;
  /** Reads until it shows what it was told to be; `Infinity`: it never does. */
  readonly slow?: number;
  /** The image that is in it at first. */
  readonly image?: string;
  /** Fetches the image, as a BMC does, and refuses what it does not get. */
  readonly fetches?: true;
};

type Body = Readonly<Record<string, unknown>>;

/**
 * A collection of VirtualMedia at `path` (DSP2046, VirtualMedia v1.4). Parameters that the schema
 * does not name are refused, and so are Inserted and WriteProtected: some Supermicro refuse them.
 */
export function virtualDrives(path: string, traits: readonly DriveTraits[]) {
  const images: Record<string, string | null> = {};
  const late = new Map<string, { readonly shown: string | null; reads: number }>();
  for (const { id, image } of traits) images[id] = image ?? null;

  function set(drive: DriveTraits, image: string | null): Answer {
    late.set(drive.id, { shown: images[drive.id] ?? null, reads: drive.slow ?? 0 });
    images[drive.id] = image;
    return { status: 204 };
  }

  function shownImage(id: string): string | null {
    const waiting = late.get(id);
    if (waiting === undefined || waiting.reads <= 0) return images[id] ?? null;
    waiting.reads -= 1;
    return waiting.shown;
  }

  function show({ id, types, by = 'action', infoNames }: DriveTraits): Answer {
    const own = `${path}/${id}`;
    const image = shownImage(id);
    const body = {
      '@odata.id': own,
      '@odata.type': '#VirtualMedia.v1_4_0.VirtualMedia',
      Id: id,
      Name: `Virtual ${id}`,
      MediaTypes: types,
      Image: image,
      ImageName: image === null ? null : image.split('/').at(-1),
      ConnectedVia: image === null ? 'NotConnected' : 'URI',
      Inserted: image !== null,
      WriteProtected: true,
      ...(by === 'action' && {
        Actions: {
          '#VirtualMedia.InsertMedia': {
            target: `${own}/Actions/VirtualMedia.InsertMedia`,
            ...(infoNames && { '@Redfish.ActionInfo': `${own}/InsertMediaActionInfo` }),
          },
          '#VirtualMedia.EjectMedia': { target: `${own}/Actions/VirtualMedia.EjectMedia` },
        },
      }),
    };
    return { status: 200, body, headers: { allow: by === 'patch' ? 'GET, HEAD, PATCH' : 'GET' } };
  }

  async function insert(drive: DriveTraits, body: Body): Promise<Answer> {
    const { Image: image } = body;
    if (drive.refuses) return refused('Base.1.8.GeneralError', 'The drive is for the console.');
    const missing = drive.needs?.find((name) => body[name] === undefined);
    if (missing !== undefined)
      return refused(
        'Base.1.8.ActionParameterMissing',
        `The action InsertMedia requires that the parameter ${missing} be present in the request body.`,
      );
    const stray = Object.keys(body).find((name) => !PARAMETERS.includes(name));
    if (stray !== undefined)
      return refused('Base.1.8.ActionParameterUnknown', `The parameter ${stray} is unknown.`);
    if (typeof image !== 'string' || images[drive.id] !== null)
      return refused('Base.1.8.ResourceInUse', 'The drive is not empty.');
    if (drive.fetches && !(await fetch(image)).ok)
      return refused('Base.1.8.GeneralError', 'The image cannot be fetched.');
    return set(drive, image);
  }

  function eject(drive: DriveTraits): Answer {
    if (images[drive.id] === null) return refused('Base.1.8.GeneralError', 'The drive is empty.');
    return set(drive, null);
  }

  return {
    path,
    images,
    /** `undefined` when the path is not of the collection. */
    async answer(method: string, url: string, body: Body): Promise<Answer | undefined> {
      if (!url.startsWith(path)) return undefined;
      const Members = traits.map(({ id }) => ({ '@odata.id': `${path}/${id}` }));
      if (url === path)
        return {
          status: 200,
          body: { Name: 'Virtual Media', 'Members@odata.count': Members.length, Members },
        };
      const [, id, rest = ''] = /^\/([^/]+)(\/.*)?$/.exec(url.slice(path.length)) ?? [];
      const drive = traits.find((one) => one.id === id);
      if (drive === undefined) return { status: 404, body: {} };
      const { by = 'action' } = drive;
      if (method === 'GET' && rest === '') return show(drive);
      if (method === 'GET' && rest === '/InsertMediaActionInfo') return actionInfo(drive);
      if (method === 'PATCH' && rest === '' && by === 'patch')
        return body['Inserted'] === true ? set(drive, String(body['Image'])) : set(drive, null);
      if (by !== 'action') return { status: 405, body: {} };
      if (rest.endsWith('.InsertMedia')) return insert(drive, body);
      return rest.endsWith('.EjectMedia') ? eject(drive) : { status: 404, body: {} };
    },
  };
}

const PARAMETERS = ['Image', 'TransferProtocolType', 'TransferMethod', 'UserName', 'Password'];

function actionInfo({ needs = [] }: DriveTraits): Answer {
  const Parameters = PARAMETERS.map((Name) => ({
    Name,
    Required: Name === 'Image' || needs.includes(Name),
    DataType: 'String',
  }));
  return { status: 200, body: { Id: 'InsertMediaActionInfo', Name: 'Insert', Parameters } };
}

/** An error as DSP0266 forms it. */
function refused(id: string, message: string): Answer {
  const info = [{ MessageId: id, Message: message }];
  return {
    status: 400,
    body: { error: { code: id, message, '@Message.ExtendedInfo': info } },
  };
}
