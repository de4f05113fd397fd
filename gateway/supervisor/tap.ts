import { PassThrough, pipeline, type Readable } from 'node:stream';

/**
 * Bytes of one stream that are read before they are handed on. An agent of Node that calls `process.exit` loses what its pipe has
 * not taken, its last line first: no run may make it wait for a disk within this.
 */
const READ_AHEAD_BYTES = 4 * 1024 * 1024;

/** One run's view of a stream that may outlive it. */
export interface Tap {
  readonly view: Readable;
  /** The view ends; what comes from then on is for nobody, until there is another tap. */
  release(): void;
  /** Nothing more is to come of the stream for anybody. */
  destroy(): void;
}

/** `outlives`: the stream's process may be kept, and the stream with it. */
export function tap(stream: Readable, outlives: boolean): Tap {
  const view = new PassThrough({ readableHighWaterMark: READ_AHEAD_BYTES });
  if (outlives) stream.pipe(view);
  // A stream that breaks ends its view; whoever reads that takes it for the end.
  else pipeline(stream, view, () => {});
  return {
    view,
    release() {
      stream.unpipe(view);
      view.end();
      stream.resume();
    },
    destroy() {
      stream.destroy();
      view.destroy();
    },
  };
}
