import { IronpxeError } from '../../errors/error.ts';

/** Values of placeholders, by name. */
export type PlaceholderValues = Readonly<Record<string, string>>;

/** A template that was checked: it uses exactly the placeholders it may and must use. */
export type Template = {
  readonly name: string;
  readonly text: string;
};

const PLACEHOLDER = /\{\{\s*(\w+)\s*\}\}/g;

/**
 * Checks a template's text against the placeholders that are filled in.
 * @throws IronpxeError BOOT_TEMPLATE_INVALID when one is unknown, missing or malformed
 */
export function checkTemplate(
  name: string,
  text: string,
  placeholders: readonly string[],
): Template {
  const used = new Set(Array.from(text.matchAll(PLACEHOLDER), (match) => match[1] ?? ''));
  const unknown = [...used].filter((placeholder) => !placeholders.includes(placeholder));
  const missing = placeholders.filter((placeholder) => !used.has(placeholder));
  const rest = text.replaceAll(PLACEHOLDER, '');
  if (unknown.length > 0) throw invalid(name, `does not know {{ ${unknown.join(' }}, {{ ')} }}`);
  if (missing.length > 0) throw invalid(name, `lacks {{ ${missing.join(' }}, {{ ')} }}`);
  if (rest.includes('{{') || rest.includes('}}')) throw invalid(name, 'has a stray "{{" or "}}"');
  return { name, text };
}

/**
 * Fills in a template.
 * @throws IronpxeError BOOT_FACTS_INVALID when a value is missing or could break out of its line
 */
export function render(template: Template, values: PlaceholderValues): string {
  return template.text.replaceAll(PLACEHOLDER, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw unfit(template, name, 'is missing');
    if (!/^[\x20-\x7e]*$/.test(value)) throw unfit(template, name, 'holds unprintable characters');
    return value;
  });
}

function invalid(name: string, why: string): IronpxeError {
  return new IronpxeError('BOOT_TEMPLATE_INVALID', `The boot template ${name} ${why}.`);
}

function unfit(template: Template, placeholder: string, why: string): IronpxeError {
  return new IronpxeError(
    'BOOT_FACTS_INVALID',
    `The value of "${placeholder}" for ${template.name} ${why}.`,
  );
}
