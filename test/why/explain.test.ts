import test from 'ava';
import type { TimelineEntry } from '../../conductor/timeline/entry.ts';
import { readBoot } from '../../conductor/why/boot.ts';
import { applies, explainBoot } from '../../conductor/why/explain.ts';
import { RULES } from '../../conductor/why/rules.ts';
import { BOOTS, cutAfter, GOOD_BOOTS } from './support/boots.ts';
import { SCENARIOS } from './support/scenarios.ts';

test('there are recordings of every scenario, and of boots that ended well', (t) => {
  t.deepEqual(
    Object.keys(SCENARIOS).filter((name) => !BOOTS.some((boot) => boot.name === name)),
    [],
  );
  t.true(GOOD_BOOTS.length >= 6);
});

for (const { name, code, story } of BOOTS)
  test(`${name}: ${code ?? 'nothing to explain'}`, (t) => {
    const found = explainBoot(story);
    t.is(found.code, code);
    if (code === null) return;
    t.is(found.outcome, 'explained');
    t.true(found.evidence.length > 0);
    for (const text of [found.cause, found.confirm, found.fix, found.title])
      t.notRegex(text ?? '', /\{\w|^\s*$/, 'every placeholder is filled');
  });

test('a boot that ends well is never explained while it is under way', (t) => {
  for (const { name, story } of GOOD_BOOTS)
    for (let count = 1; count <= story.entries.length; count++)
      t.is(explainBoot(cutAfter(story, count, 5)).outcome, 'under_way', `${name}, entry ${count}`);
});

/** What a good boot that stops at a place may be taken for, an hour later; anything else is false. */
const MAY_BE: Readonly<Record<string, readonly (string | null)[]>> = {
  prepare: [null],
  power: [null],
  firmware: ['NO_DISCOVER'],
  dhcp: ['TRANSFER_NEVER_BEGAN', null],
  loader: [null],
  kernel: ['KERNEL_REJECTED', null],
  ramdisk: [null],
  ramdisk_boot: ['RAMDISK_NO_NETWORK', 'NOTHING_CAME_BACK', 'CALLBACK_BLOCKED', null],
};

test('a good boot that stops for an hour is explained by where it stopped, or not at all', (t) => {
  for (const { name, story } of GOOD_BOOTS)
    for (let count = 1; count <= story.entries.length; count++) {
      const cut = cutAfter(story, count, 3600);
      const { place } = readBoot(cut);
      const { code } = explainBoot(cut);
      t.true((MAY_BE[place] ?? [null]).includes(code), `${name}, ${count}, ${place}: ${code}`);
    }
});

test('every rule has a recorded boot that it explains', (t) => {
  const explained = new Set(BOOTS.map(({ code }) => code));
  const without = RULES.map(({ code }) => code).filter((code) => !explained.has(code));
  t.deepEqual(without, []);
});

test('codes are there once, and no rule fits the recorded boot of a later one by its place', (t) => {
  t.is(new Set(RULES.map(({ code }) => code)).size, RULES.length);
  for (const { name, code, story } of BOOTS.filter(({ code: expected }) => expected !== null)) {
    const boot = readBoot(story);
    const fitting = RULES.filter((rule) => applies(rule, boot) !== undefined).map(
      (rule) => rule.code,
    );
    t.is(fitting[0] ?? null, code, name);
  }
});

/** What firmware does while a failure is cleaned up: it asks, and there is nothing to boot. */
function askingInVain(last: TimelineEntry): TimelineEntry[] {
  const data = { vendor_class: 'PXEClient:Arch:00007', ipxe: false, address: '192.0.2.9' };
  return [1, 2, 3].flatMap((time) =>
    ['dhcp.discover', 'dhcp.offer'].map((kind, index) => ({
      ...last,
      id: last.id + time * 2 + index,
      kind,
      message: kind,
      data: { ...data, no_boot_file: 'nothing to boot' },
    })),
  );
}

for (const { name, code, story } of BOOTS) {
  const failedAt = story.entries.findLastIndex(({ kind }) => kind === 'step.failed');
  const failed = story.entries[failedAt];
  if (failed === undefined || story.operation.status === 'done') continue;
  test(`${name}: the same while the failure is cleaned up`, (t) => {
    const before = story.entries.slice(0, failedAt + 1);
    const entries = [...before, ...askingInVain(failed)];
    const operation = { ...story.operation, status: 'failing' };
    t.is(explainBoot({ ...story, operation, entries }).code, code);
  });
}
