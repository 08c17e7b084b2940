import type { RegisterEvent, RegisterResult } from './registerImages.ts';

/** What was registered, for people, with what to do next. */
export function describeRegistration({
  kernel,
  ramdisk,
  base,
  properties,
}: RegisterResult): string[] {
  const images = Object.entries({ kernel, ramdisk, base }).map(
    ([role, { id, name, reused }]) =>
      `  ${role.padEnd(7)} ${id}  ${name}${reused ? ' (was there already)' : ''}`,
  );
  const set = Object.entries(properties).map(([key, value]) => `  ${key}=${value}`);
  return [
    'In Glance:',
    ...images,
    `properties of ${base.name}:`,
    ...set,
    'Next:',
    `  openstack server create --image ${base.name} --flavor FLAVOR NAME`,
    `  ironpxe node deploy NODE --image ${base.id}`,
  ];
}

/** An event as a line for people; progress has its own numbers. */
export function describeEvent(event: Exclude<RegisterEvent, { kind: 'uploading' }>): string {
  switch (event.kind) {
    case 'found':
      return `${event.role}: in Glance already (${event.id})`;
    case 'stored':
      return `${event.role}: stored and verified (${event.id})`;
    case 'updated':
      return `${event.role}: properties changed`;
    case 'removing':
      return `failed, removing what was made: ${event.why}`;
    default:
      return event satisfies never;
  }
}
