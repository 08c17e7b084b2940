import { type RoutePolicy, ROUTES } from '../../conductor/auth/policy/routes.ts';
import { type Rule, RULES } from '../../conductor/auth/policy/rules.ts';

const INTRODUCTION = `# Who may what

Generated from \`conductor/auth/policy\` by \`npm run docs\`; do not edit.

With \`auth.strategy: keystone\` every request is judged by these rules, which are those of Ironic
2023.1. With \`http_basic\` whoever is in the file may do everything; with \`noauth\`, and over the unix
socket, whoever can connect.

- A token is for one project or for the whole system. Other tokens are refused with 401.
- \`member@owner\` is the role member in the project that owns the node; \`@lessee\`: that leases it;
  \`@allocation\`: that owns the allocation; \`@system\`: in a token for the whole system; \`@services\`: in
  the project \`auth.service_project_name\`; \`@any\`: in any token.
- A node that the caller may not see is answered with 404, also through its ports and volumes; one
  that it sees and may not change with 403. Lists hold what the caller's project owns or leases.
- A node or allocation that a project makes belongs to the project.
- Lessees see neither \`driver_info\`, \`driver_internal_info\`, \`last_error\` nor \`reservation\`.
- Secrets are masked for everybody (\`show_password\` and \`show_instance_secrets\` are off).
- While \`auth.enforce_scope\` is false, those in the column "also" may as well: \`admin\` is the role
  admin in any project, or baremetal_admin in the projects baremetal and demo; \`observer\` is also
  baremetal_observer in these.
- Where Ironic takes a caller without a project for the owner of nodes without an owner, ironpxe
  does not.
`;

/** docs/reference/policy.md */
export function policyPage(): string {
  const rules = Object.entries(RULES).map(([name, rule]: [string, Rule]) => [
    `\`${name}\``,
    rule.who.join(', ') + (rule.systemOnly ? ' (tokens for the system only)' : ''),
    rule.legacy,
  ]);
  const routes = Object.entries(ROUTES).map(([route, policy]) => [`\`${route}\``, asks(policy)]);
  return [
    INTRODUCTION,
    `## Rules\n\n${table(['Rule', 'Who', 'Also'], rules)}`,
    `## Routes\n\n${table(['Request', 'Needs'], routes)}`,
  ].join('\n');
}

function asks({ open, rule, narrowed, subject, patchesNode }: RoutePolicy): string {
  if (open === true) return 'nothing';
  if (rule === undefined) return 'any token';
  const main = patchesNode ? 'the rules of the fields that change' : `\`${rule}\``;
  const or = narrowed === undefined ? '' : `, else \`${narrowed}\` for what is the project's`;
  const of = subject === undefined ? '' : `, on the ${subject.kind} in the ${subject.in}`;
  return `${main}${or}${of}${open === undefined ? '' : `; nothing for ${open.join(', ')}`}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`);
  return lines.join('');
}
