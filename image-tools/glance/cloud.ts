import type { Transport } from './http.ts';

/** Who asks: a user of a project, or an application credential (which has its project built in). */
export type Credentials =
  | {
      readonly kind: 'password';
      readonly user: Named;
      readonly password: string;
      /** `system`: a token for the whole cloud, with which no image can be registered. */
      readonly project: Named | 'system';
    }
  | {
      readonly kind: 'application-credential';
      /** Its id; or its name, and then the user that it belongs to. */
      readonly id: string | undefined;
      readonly name: string | undefined;
      readonly user: Named | undefined;
      readonly secret: string;
    };

/** A user or project: by id, or by name in a domain. */
export type Named =
  | { readonly id: string }
  | { readonly name: string; readonly domain: { readonly id: string } | { readonly name: string } };

/** Where a cloud is and who asks it. */
export type Cloud = Transport & {
  /** Keystone, with or without `/v3`. */
  readonly authUrl: string;
  readonly credentials: Credentials;
  /** By default any region of the catalog. */
  readonly region?: string | undefined;
  /** Which endpoint of Glance is used; public by default. */
  readonly interface?: 'public' | 'internal' | 'admin' | undefined;
  /** Glance, in place of what the catalog says. */
  readonly imageUrl?: string | undefined;
};
