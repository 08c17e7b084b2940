import { formatAmounts, formatBar, percent, type Progress } from './bar.ts';

/** Where a view writes to. */
export type Screen = {
  readonly write: (text: string) => void;
  /** Whether lines can be rewritten. */
  readonly isTty: boolean;
  readonly columns: number;
};

/** One progress bar below lines that go on above it. */
export type LiveBar = {
  /** Shows how far `name` is; `prefix` stands before it where the bar is a plain line. */
  readonly update: (name: string, progress: Progress, prefix: string) => void;
  /** Writes a line above the bar. */
  readonly line: (text: string) => void;
  readonly hide: () => void;
};

const CLEAR_LINE = '\r\u001b[2K';
const STEP_PERCENT = 10;

/** A bar that is rewritten in place on a terminal, and a line every ten percent elsewhere. */
export function openLiveBar(screen: Screen): LiveBar {
  return screen.isTty ? terminalBar(screen) : plainBar(screen);
}

function terminalBar(screen: Screen): LiveBar {
  let bar = '';
  const hide = () => {
    if (bar !== '') screen.write(CLEAR_LINE);
    bar = '';
  };
  return {
    update(_name, progress) {
      hide();
      bar = formatBar(progress, screen.columns - 1);
      screen.write(bar);
    },
    line: (text) => screen.write(bar === '' ? `${text}\n` : `${CLEAR_LINE}${text}\n${bar}`),
    hide,
  };
}

function plainBar(screen: Screen): LiveBar {
  let shownName = '';
  let shownStep = -1;
  return {
    update(name, progress, prefix) {
      if (name !== shownName) [shownName, shownStep] = [name, -1];
      const step = Math.floor(percent(progress) / STEP_PERCENT);
      if (step <= shownStep) return;
      shownStep = step;
      screen.write(`${prefix}${name}  ${formatAmounts(progress)}\n`);
    },
    line: (text) => screen.write(`${text}\n`),
    hide: () => {
      shownName = '';
    },
  };
}
