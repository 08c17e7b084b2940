import test from 'ava';
import { checkTemplate, render } from '../../../conductor/netboot/templates/render.ts';

const GOOD = checkTemplate('t', 'a {{ one }} {{two}} {{ one }}\n', ['one', 'two']);

test('placeholders are filled in, everywhere and literally', (t) => {
  t.is(render(GOOD, { one: '$& $1 {{ two }}', two: '' }), 'a $& $1 {{ two }}  $& $1 {{ two }}\n');
});

const BAD: [string, string, RegExp][] = [
  ['unknown', '{{ one }} {{ other }}', /does not know \{\{ other \}\}/],
  ['missing', 'nothing', /lacks \{\{ one \}\}/],
  ['unclosed', '{{ one }} {{ one', /stray/],
  ['malformed', '{{ one }} {{ o-ne }}', /stray/],
];

for (const [name, text, message] of BAD)
  test(`template refused: ${name}`, (t) => {
    t.throws(() => checkTemplate('t', text, ['one']), { code: 'BOOT_TEMPLATE_INVALID', message });
  });

test('values that could break out of their line, or are missing, are refused', (t) => {
  for (const two of ['a\nb', 'a\rb', '\0', 'ä', '\t'])
    t.throws(() => render(GOOD, { one: '', two }), {
      code: 'BOOT_FACTS_INVALID',
      message: /"two"/,
    });
  t.throws(() => render(GOOD, { one: '' }), { message: /"two" for t is missing/ });
});
