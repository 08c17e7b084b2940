/**
 * Roles and where they count: `member@owner` is the role member in the project that owns the node.
 *
 * - `system`: in a token for the whole system
 * - `owner`, `lessee`: in the project that owns, or leases, the node of the request
 * - `allocation`: in the project that owns the allocation of the request
 * - `services`: in the project of the services (`auth.service_project_name`)
 * - `any`: in any token
 */
export type Grant = `${Role}@${Place}`;

type Role = 'admin' | 'manager' | 'member' | 'reader' | 'service';
type Place = 'system' | 'owner' | 'lessee' | 'allocation' | 'services' | 'any';

type Grants = readonly Grant[];

/** Who may, in the combinations that rules use. They are those of Ironic 2023.1. */
export const SYSTEM_ADMIN: Grants = ['admin@system'];
export const SYSTEM_ADMIN_OR_SERVICE: Grants = ['admin@system', 'service@system'];
export const SYSTEM_MEMBER: Grants = ['member@system', 'service@services'];
export const SYSTEM_READER: Grants = ['reader@system', 'service@system', 'service@services'];
export const ANY_ADMIN: Grants = ['admin@any', 'service@any'];
export const API_READER: Grants = ['reader@any', 'service@any'];
export const OWNER_ADMIN: Grants = ['admin@owner'];

const MEMBER: Grants = [...SYSTEM_MEMBER, 'service@system', 'service@owner'];
const READER: Grants = [...SYSTEM_READER, 'service@owner'];
const OWNER_CHIEFS: Grants = ['admin@owner', 'manager@owner'];
const LESSEE_CHIEFS: Grants = ['admin@lessee', 'manager@lessee'];

export const SYSTEM_OR_PROJECT_MEMBER: Grants = [
  ...SYSTEM_MEMBER,
  'service@system',
  'member@owner',
  'member@lessee',
];
export const SYSTEM_OR_PROJECT_READER: Grants = [...READER, 'reader@owner', 'reader@lessee'];
export const SYSTEM_OR_OWNER_READER: Grants = [...READER, 'reader@owner'];
export const SYSTEM_OR_OWNER_MEMBER_AND_LESSEE_ADMIN: Grants = [
  ...MEMBER,
  'member@owner',
  ...LESSEE_CHIEFS,
];
export const SYSTEM_MEMBER_OR_OWNER_MEMBER: Grants = [...MEMBER, 'member@owner'];
export const SYSTEM_MEMBER_OR_OWNER_ADMIN: Grants = [...MEMBER, ...OWNER_CHIEFS];
export const SYSTEM_MEMBER_OR_OWNER_LESSEE_ADMIN: Grants = [
  ...MEMBER,
  ...OWNER_CHIEFS,
  ...LESSEE_CHIEFS,
];
export const SYSTEM_ADMIN_OR_OWNER_ADMIN: Grants = [
  'admin@system',
  'service@system',
  'service@owner',
  ...OWNER_CHIEFS,
];
export const ALLOCATION_MEMBER: Grants = [...SYSTEM_MEMBER, 'member@allocation'];
export const ALLOCATION_READER: Grants = [...SYSTEM_READER, 'reader@allocation'];
export const ALLOCATION_CREATOR: Grants = [...SYSTEM_MEMBER, 'member@any'];
export const TARGET_PROPERTIES_READER: Grants = [...SYSTEM_READER, 'admin@any'];
