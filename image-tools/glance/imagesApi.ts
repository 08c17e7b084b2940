import type { Readable } from 'node:stream';
import { z } from 'zod';
import { isFailure, OpenStackFailure } from './failure.ts';
import { ask, type Answer, type Request } from './http.ts';
import { Keystone, parseJson, type Session } from './keystone.ts';

const IMAGE = z.looseObject({
  id: z.guid(),
  name: z.string().nullish(),
  status: z.string(),
  size: z.number().nullish(),
  disk_format: z.string().nullish(),
  container_format: z.string().nullish(),
  checksum: z.string().nullish(),
  os_hash_algo: z.string().nullish(),
  os_hash_value: z.string().nullish(),
});

/** An image as Glance describes it; further keys are its properties, as text. */
export type GlanceImage = z.output<typeof IMAGE>;

type Call = Omit<Request, 'service' | 'url'> & { readonly path: string };

/** The part of Glance's images API v2 that registration and the conductor use. */
export class ImagesApi {
  readonly #keystone: Keystone;

  constructor(keystone: Keystone) {
    this.#keystone = keystone;
  }

  /** The log-in that the next request will use. @throws OpenStackFailure */
  async session(signal?: AbortSignal): Promise<Session> {
    return this.#keystone.session(signal);
  }

  /** Images that have all of these field values; properties count as fields. */
  async list(
    fields: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<GlanceImage[]> {
    const query = new URLSearchParams({ limit: '100', ...fields });
    const answer = await this.#call({ method: 'GET', path: `/images?${query.toString()}`, signal });
    return parse(z.object({ images: z.array(IMAGE) }), answer).images;
  }

  /** @throws OpenStackFailure `missing` when there is none that this project may see */
  async show(id: string, signal?: AbortSignal): Promise<GlanceImage> {
    return parse(IMAGE, await this.#call({ method: 'GET', path: `/images/${id}`, signal }));
  }

  /** Makes an image without content. */
  async create(
    fields: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
  ): Promise<GlanceImage> {
    return parse(
      IMAGE,
      await this.#call({ method: 'POST', path: '/images', json: fields, signal }),
    );
  }

  /** Sends the content. The stream can be read once, so a refused token is not tried again. */
  async upload(
    id: string,
    content: Readable,
    sizeBytes: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(sizeBytes),
    };
    const session = await this.session(signal);
    const call = {
      method: 'PUT',
      path: `/images/${id}/file`,
      headers,
      stream: content,
      signal,
    } as const;
    await this.#ask(session, call);
  }

  /** Adds or replaces fields. */
  async update(
    id: string,
    fields: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<void> {
    const json = Object.entries(fields).map(([name, value]) => ({
      op: 'add',
      path: `/${name}`,
      value,
    }));
    const headers = { 'content-type': 'application/openstack-images-v2.1-json-patch' };
    await this.#call({ method: 'PATCH', path: `/images/${id}`, headers, json, signal });
  }

  /** Removes an image; one that is gone is as good as removed. */
  async remove(id: string, signal?: AbortSignal): Promise<void> {
    await this.#call({ method: 'DELETE', path: `/images/${id}`, signal }).catch(
      (error: unknown) => {
        if (!isFailure(error, 'missing')) throw error;
      },
    );
  }

  async #call(call: Call): Promise<Answer> {
    const session = await this.session(call.signal);
    try {
      return await this.#ask(session, call);
    } catch (error) {
      // 403 is a refusal for good; 401 may be a token that was revoked: one more try with a new one.
      if (!isFailure(error, 'refused') || error.status !== 401) throw error;
      this.#keystone.forget();
      return this.#ask(await this.session(call.signal), call);
    }
  }

  async #ask(session: Session, { path, headers, ...call }: Call): Promise<Answer> {
    const url = `${session.imageUrl}${path}`;
    const all = { ...headers, 'x-auth-token': session.token };
    return ask({ ...call, service: 'Glance', url, headers: all }, this.#keystone.cloud);
  }
}

function parse<T>(schema: z.ZodType<T>, answer: Answer): T {
  const parsed = schema.safeParse(parseJson(answer.text));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new OpenStackFailure('broken', `Glance answered with no image description (${where}).`);
}
