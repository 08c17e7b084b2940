import { parseNumberOptions } from './support/options.ts';
import { printVerdicts } from './support/verdicts.ts';
import { measureVerify } from './support/verifyCost.ts';

const { 'size-mib': sizeMib, rounds } = parseNumberOptions({ 'size-mib': 512, rounds: 3 });
printVerdicts(await measureVerify({ sizeMib, rounds }));
