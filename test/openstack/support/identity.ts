import got from 'got';
import type { OpenStack } from './openstack.ts';

const DOMAIN = { id: 'default' };

/** Makes users and tokens in a running Keystone, as an administrator. */
export async function identityOf(services: OpenStack) {
  const url = `${services.authUrl}/v3`;
  const { password } = services;
  const login = (user: string, scope: object | 'unscoped') =>
    got.post(`${url}/auth/tokens`, {
      json: {
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { name: user, domain: DOMAIN, password } },
          },
          scope,
        },
      },
    });
  /** A token for a project; `system`: for all; `unscoped`: for nothing. */
  const token = async (user: string, scope: string): Promise<string> => {
    const scopes: Readonly<Record<string, object | 'unscoped'>> = {
      system: { system: { all: true } },
      unscoped: 'unscoped',
    };
    const project = { project: { name: scope, domain: DOMAIN } };
    const { headers } = await login(user, scopes[scope] ?? project);
    return String(headers['x-subject-token']);
  };
  const headers = { 'x-auth-token': await token('admin', 'admin') };
  const api = async (method: 'GET' | 'POST' | 'PUT', path: string, json?: object) => {
    const { body } = await got(`${url}/${path}`, { method, headers, ...(json && { json }) });
    return body === '' ? {} : JSON.parse(body);
  };
  const roleId = async (role: string): Promise<string> => {
    const { roles } = await api('GET', `roles?name=${role}`);
    return roles[0]?.id ?? (await api('POST', 'roles', { role: { name: role } })).role.id;
  };
  const makeUser = async (name: string): Promise<string> => {
    const user = { name, domain_id: DOMAIN.id, password };
    return (await api('POST', 'users', { user })).user.id;
  };
  const projectId = async (name: string): Promise<string> =>
    (await api('GET', `projects?name=${name}`)).projects[0].id;
  return {
    token,
    projectId,
    /** The variables of a shell, but for the user and the scope. */
    environment: {
      OS_AUTH_URL: url,
      OS_PASSWORD: password,
      OS_USER_DOMAIN_NAME: 'Default',
      OS_PROJECT_DOMAIN_NAME: 'Default',
      OS_IDENTITY_API_VERSION: '3',
    },
    async project(name: string): Promise<string> {
      const project = { name, domain_id: DOMAIN.id };
      return (await api('POST', 'projects', { project })).project.id;
    },
    async user(name: string, grant: { readonly project: string; readonly role: string }) {
      const id = await makeUser(name);
      const role = await roleId(grant.role);
      await api('PUT', `projects/${grant.project}/users/${id}/roles/${role}`);
    },
    /** A user with a role in the whole system, and in no project. */
    async systemUser(name: string, role: string) {
      await api('PUT', `system/users/${await makeUser(name)}/roles/${await roleId(role)}`);
    },
    /** A service with its user, who has the roles admin and service in the project "service". */
    async service(name: string, type: string, endpoint: string) {
      const [id, project] = [await makeUser(name), await projectId('service')];
      for (const role of ['admin', 'service'])
        await api('PUT', `projects/${project}/users/${id}/roles/${await roleId(role)}`);
      const service_id = (await api('POST', 'services', { service: { name, type } })).service.id;
      for (const kind of ['public', 'internal'])
        await api('POST', 'endpoints', {
          endpoint: { service_id, interface: kind, region_id: 'RegionOne', url: endpoint },
        });
    },
    async revoke(subject: string): Promise<void> {
      await got.delete(`${url}/auth/tokens`, {
        headers: { ...headers, 'x-subject-token': subject },
      });
    },
  };
}
