/** A difference from Ironic 21.4 that is meant, or that comes of how both are run here. */
type Known = {
  /** Of `METHOD path body`; every request when absent. */
  readonly request?: RegExp;
  /** Of a line of the comparison. */
  readonly difference: RegExp;
  readonly why: string;
};

const row = (why: string, difference: RegExp, request?: RegExp): Known => ({
  why,
  difference,
  ...(request !== undefined && { request }),
});

/** Where Ironic fails or forgets: no client can rely on that. */
const FAULTS_THERE: readonly Known[] = [
  row('Ironic fails inside', /^status: 500 /),
  row('some of its sub-resources take no names', /^status: 404 .*could not be found.* there, 200/),
  row(
    'its fake hardware sets no boot mode and says so in last_error',
    /^\/(last_error: "Failed to change|boot_mode|secure_boot)/,
  ),
  row('its fake hardware forgets it', /\/persistent: false there, true here/, /boot_device/),
  row('below 1.26 it shows them in some answers', /\/(mode|properties): only there/, /portgroups/),
];

/** What we have, tell or keep besides. */
const MORE_HERE: readonly Known[] = [
  row(
    'we speak newer versions',
    /^(header x-openstack-ironic-api-(maximum-)?version|.*\/version): "?1\.82"? there, "?1\.89"? here/,
  ),
  row('the root document tells of this process', /^\/(description|ironpxe):/, /^GET \/$/),
  row('its link has doubled slashes', /docs\.openstack\.org/),
  row('we mask more names of secrets', /snmp_auth_key/),
  row('errors of ours carry a code and a next step', /last_error: "/),
  row('what went wrong is kept in the history', /^\/history\/\d+: only here/),
  row('the power is looked at when a node is managed', /\/power_state: null there, "power off"/),
  row('there is more hardware here', /^\/(conductors\/0\/)?drivers\//, /drivers|conductors/),
  row('its texts of properties are its own', /^\/\w+: /, /properties(\?|$)/),
  row('more interfaces', /enabled_(network|storage)_interfaces/, /drivers/),
  row('it came with Ironic 22.1', /^\/firmware: only here/, /validate/),
  row('any well-formed standard trait is taken', /there, 204 /, /HW_CPU_NOPE/),
  row('MAC addresses may have dashes', /^status: 400 .* there, 409 /, /52-54-00/),
  row('every field that is shown can be asked for', /not a valid field.* there, 200/, /fields=/),
  row('HEAD is answered, and browsers are', /^status: (405|406) .* there, 200/, /^(HEAD|GET) /),
  row('OpenStack-API-Version is understood', /1\.1 there, 1\.\d+ here|^status: 200 .* there, 406/),
  row('an empty list of networks is taken', /Invalid network_data/),
  row('a repeated parameter is a list', /Expected string for fields/),
];

/** Ironic writes its own work into nodes. */
const INTERNAL: readonly Known[] = [
  row('internal', /\/driver_internal_info\//),
  row('internal', /\/instance_info\/(image_type|rescue_password|hashed_rescue_password)/),
  row('it answers while it still holds the node', /\/reservation: "localhost" there/),
  row('a removed flag is null', /\/(retired|is_smartnic): null there, false here/),
  row('ports of a node lock it, which changes it', /\/updated_at: "<time>" there, null here/),
  row('its link repeats all defaults', /\/next: /),
];

/** Where we say more clearly what is wrong. */
const CLEARER: readonly Known[] = [
  row('405 or 404 instead', /^status: 40[05] .* there, 40[45] /),
  row('the version is looked at first', /^status: 40[04] .* there, 40[46] .*needs API version/),
  row('detail= is taken where everything is detail', /Unexpected arguments: detail.* there, 200/),
  row('a later resource is none', /^status: 40[06] .* there, 404 /, /vmedia|firmware|children/),
  row('lists are sorted by other columns', /^status: (200|400) .* there, (200|400) /, /sort_key=/),
  row('lamps came with 1.63', /^status: (200|400) .* there, 404 .*1\.63/, /indicators/),
  row('without names no node has that one', /^status: 406 .* there, 404 /, /node=node-one/),
  row('a marker is a UUID', /^status: 404 .* there, 400 /, /marker=x/),
  row('no conductor has an empty name', /^\/nodes\/\d: only there/, /conductor=$/),
];

/** All of them; a row that no request needs any more fails the test. */
export const KNOWN: readonly Known[] = [...FAULTS_THERE, ...MORE_HERE, ...INTERNAL, ...CLEARER];
