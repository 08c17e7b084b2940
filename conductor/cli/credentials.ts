import { IronpxeError } from '../errors/error.ts';

type Variables = Readonly<Record<string, string | undefined>>;
type Headers = Readonly<Record<string, string>>;

/** Where a command finds who it is. */
export type CredentialSource = {
  readonly env: Variables;
  /** A cloud of clouds.yaml, as `--os-cloud` names it. */
  readonly cloud?: string;
};

/**
 * The headers that answer the `WWW-Authenticate` of a 401. A password goes only where the user's
 * settings mean it to: Keystone's to `OS_AUTH_URL`, never to whom the API names.
 * @throws IronpxeError UNAUTHORIZED when there are no credentials for it, OPENSTACK_*
 */
export async function credentialsFor(
  challenge: string,
  source: CredentialSource,
  signal: AbortSignal,
): Promise<Headers> {
  if (/^basic\b/i.test(challenge)) return basicHeaders(source);
  if (!/^keystone\b/i.test(challenge))
    throw missing(`The API asks for credentials of a kind that is not known: ${challenge}.`);
  // Loaded only where it is needed.
  const { userToken } = await import('../openstack/keystoneCatalog.ts');
  return { 'x-auth-token': await userToken(source, signal) };
}

function basicHeaders({ env, cloud }: CredentialSource): Headers {
  const forKeystone = cloud ?? env.OS_CLOUD ?? env.OS_AUTH_URL;
  const { OS_AUTH_TYPE: type, OS_USERNAME: user, OS_PASSWORD: password } = env;
  if (forKeystone !== undefined && type !== 'http_basic')
    throw missing(
      'The API asks for a user and password, and the OS_* variables are for Keystone: OS_AUTH_TYPE is not http_basic.',
    );
  if (!user || password === undefined)
    throw missing('The API asks for a user and password: set OS_USERNAME and OS_PASSWORD.');
  const encoded = Buffer.from(`${user}:${password}`).toString('base64');
  return { authorization: `Basic ${encoded}` };
}

function missing(message: string): IronpxeError {
  return new IronpxeError('UNAUTHORIZED', message);
}
