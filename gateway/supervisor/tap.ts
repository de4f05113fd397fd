import { PassThrough, type Readable } from 'node:stream';

/** One run's view of a stream that may outlive it. */
export interface Tap {
  readonly view: Readable;
  /** The view ends; what comes from then on is for nobody, until there is another tap. */
  release(): void;
  /** Nothing more is to come of the stream for anybody. */
  destroy(): void;
}

/** `outlives`: the stream's process may be kept. One that may not is read as it is, without a detour. */
export function tap(stream: Readable, outlives: boolean): Tap {
  if (!outlives) return { view: stream, release: () => {}, destroy: () => stream.destroy() };
  const view = new PassThrough();
  stream.pipe(view);
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
