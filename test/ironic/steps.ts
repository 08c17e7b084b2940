/** One request, or a wait until every node is at rest. */
export type Step =
  | {
      /** Method and path. */
      readonly request: string;
      readonly body?: unknown;
      /** A body that is sent as it is. */
      readonly raw?: string;
      /** The minor version of the request; the highest by default, none at all with null. */
      readonly minor?: number | null;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | 'settle';

/** Requests that begin with nothing. */
export type Scene = { readonly name: string; readonly steps: readonly Step[] };

/** The highest that Ironic 21.4 speaks. */
export const MAX_MINOR = 82;

export const id = (kind: number, index: number) =>
  `${String(kind).repeat(8)}-0000-4000-8000-${String(index).padStart(12, '0')}`;
export const node = (index: number) => id(1, index);
export const port = (index: number) => id(2, index);
export const portgroup = (index: number) => id(3, index);
export const chassis = (index: number) => id(4, index);
export const connector = (index: number) => id(5, index);
export const target = (index: number) => id(6, index);
export const template = (index: number) => id(7, index);
export const allocation = (index: number) => id(8, index);
export const instance = (index: number) => id(9, index);

type Request = Extract<Step, { readonly request: string }>;
type More = Omit<Request, 'request' | 'body'>;
export const ask = (request: string, body?: unknown, more: More = {}): Step => ({
  request,
  ...(body !== undefined && { body }),
  ...more,
});
export const at = (minor: number | null, request: string, body?: unknown) =>
  ask(request, body, { minor });
export const settle: Step = 'settle';
export const enroll = (index: number, fields: object = {}) =>
  ask('POST /v1/nodes', { uuid: node(index), driver: 'fake-hardware', ...fields });
export const patch = (path: string, ...operations: [op: string, path: string, value?: unknown][]) =>
  ask(
    `PATCH /v1/${path}`,
    operations.map(([op, where, value]) => ({
      op,
      path: where,
      ...(op !== 'remove' && { value }),
    })),
  );
export const provision = (index: number, wanted: string, more: object = {}) =>
  ask(`PUT /v1/nodes/${node(index)}/states/provision`, { target: wanted, ...more });
export const verb = (index: number, wanted: string, more: object = {}) => [
  provision(index, wanted, more),
  settle,
  ask(`GET /v1/nodes/${node(index)}`),
];
export const power = (index: number, wanted: string) => [
  ask(`PUT /v1/nodes/${node(index)}/states/power`, { target: wanted }),
  settle,
];
export const toState = {
  enroll: () => [],
  manageable: (index: number) => verb(index, 'manage'),
  available: (index: number) => [...verb(index, 'manage'), ...verb(index, 'provide')],
  active: (index: number) => [
    ...verb(index, 'manage'),
    ...verb(index, 'provide'),
    ...verb(index, 'active'),
  ],
} as const;

export const each = <T>(things: readonly T[], of: (thing: T) => readonly Step[]) =>
  things.flatMap(of);
