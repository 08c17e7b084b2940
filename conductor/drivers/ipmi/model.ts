/** Manufacturer and product from `ipmitool mc info`; `undefined` when it names neither. */
export function parseModel(output: string): string | undefined {
  const field = (name: string) => {
    const [, value = ''] = new RegExp(`^${name} *: *(.*)$`, 'm').exec(output) ?? [];
    return value.trim();
  };
  const maker = field('Manufacturer Name') || field('Manufacturer ID');
  const product = field('Product Name') || field('Product ID');
  return [maker, product].filter((part) => part !== '').join(' ') || undefined;
}
