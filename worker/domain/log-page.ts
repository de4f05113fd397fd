import { utf8Length } from '../../shared/utf8.ts';
import { type Frame, framesOf, gapFrame, type LogRow } from './log-row.ts';

/** How the stored rows of a log become a page of entries. Pure: no clock, no randomness, no storage. */

export interface PageLimits {
  entries: number;
  /** Of the frames together; one entry is given however long it is. */
  bytes: number;
}

export interface FramePage {
  frames: Frame[];
  /** The last `seq` that the page covers: the `after` of the next one. */
  nextAfter: number;
}

/**
 * The entries after `after`, up to `lastSeq` or a limit. `rows`: those that hold entries after `after`, in order; what
 * is missing between them becomes one gap each. Takes no more rows than it needs.
 */
export function pageOf(rows: Iterable<LogRow>, after: number, lastSeq: number, limits: PageLimits): FramePage {
  const frames: Frame[] = [];
  let bytes = 0;
  let nextAfter = after;
  const add = (frame: Frame): boolean => {
    const size = utf8Length(frame.text);
    if (frames.length > 0 && (frames.length >= limits.entries || bytes + size > limits.bytes)) return false;
    frames.push(frame);
    bytes += size;
    nextAfter = frame.seq;
    return true;
  };
  for (const row of rows) {
    if (frames.length >= limits.entries) return { frames, nextAfter };
    if (row.first > nextAfter + 1 && !add(gapFrame(nextAfter + 1, row.first - 1))) return { frames, nextAfter };
    for (const frame of framesOf(row, nextAfter + 1)) {
      if (!add(frame)) return { frames, nextAfter };
    }
  }
  if (nextAfter < lastSeq) add(gapFrame(nextAfter + 1, lastSeq));
  return { frames, nextAfter };
}
