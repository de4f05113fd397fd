/** Pure: no clock, no randomness, no storage, no network. */

/**
 * Longest line taken whole, in characters. One line of `opencode run` holds a tool's whole output; a program that never
 * prints a newline must not fill the memory.
 */
export const MAX_LINE_CHARS = 8 * 1024 * 1024;

/** Stands at the end of a line that was cut. */
export function cutMarker(maxChars: number): string {
  return `… [line cut at ${maxChars} characters]`;
}

export interface LineState {
  /** The line begun, without its end; of a line that is too long only the head. */
  readonly partial: string;
  /** The line begun is too long: what follows up to the newline is dropped. */
  readonly overlong: boolean;
}

export const NO_LINE: LineState = { partial: '', overlong: false };

export interface LineStep {
  state: LineState;
  lines: string[];
}

/** The lines that `text` completes. A line ends at `\n`; a `\r` before it is dropped. */
export function splitLines(state: LineState, text: string, maxChars: number = MAX_LINE_CHARS): LineStep {
  const lines: string[] = [];
  let current = state;
  let start = 0;
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
    current = extend(current, text.slice(start, end), maxChars);
    lines.push(finish(current, maxChars));
    current = NO_LINE;
    start = end + 1;
  }
  return { state: extend(current, text.slice(start), maxChars), lines };
}

/** The last line, when the output ended without a newline. */
export function lastLine(state: LineState, maxChars: number = MAX_LINE_CHARS): string[] {
  return state.partial === '' ? [] : [finish(state, maxChars)];
}

function extend(state: LineState, text: string, maxChars: number): LineState {
  if (state.overlong || text === '') return state;
  const room = maxChars - state.partial.length;
  if (text.length <= room) return { partial: state.partial + text, overlong: false };
  return { partial: state.partial + text.slice(0, room), overlong: true };
}

function finish(state: LineState, maxChars: number): string {
  if (state.overlong) return state.partial + cutMarker(maxChars);
  return state.partial.endsWith('\r') ? state.partial.slice(0, -1) : state.partial;
}
