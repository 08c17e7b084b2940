/** What BMCs of one maker need that others do not. */
export type Quirks = {
  /** Whether BootSourceOverrideEnabled goes with every change, even when it stays the same. */
  readonly alwaysSendEnabled: boolean;
};

type QuirkRow = { readonly maker: RegExp; readonly why: string; readonly quirks: Partial<Quirks> };

const USUAL: Quirks = {
  // Some BMCs refuse a change that sets it to what it is (OpenStack story 2007355).
  alwaysSendEnabled: false,
};

const TABLE: readonly QuirkRow[] = [
  {
    maker: /super\s?micro/i,
    why: 'forgets the override when it is not sent again (OpenStack story 2008547)',
    quirks: { alwaysSendEnabled: true },
  },
];

/** The quirks of a maker, as `Manufacturer` of the system names it. */
export function quirksOf(manufacturer: string | undefined): Quirks {
  const rows = TABLE.filter(({ maker }) => maker.test(manufacturer ?? ''));
  return Object.assign({ ...USUAL }, ...rows.map(({ quirks }) => quirks));
}
