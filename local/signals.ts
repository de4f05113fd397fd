/** npm hands on the Ctrl-C that the terminal has sent to its children already: what follows so soon is the same one. */
const SAME_SIGNAL_MS = 500;
/** As a shell reports a program that was interrupted. */
export const EXIT_INTERRUPTED = 130;

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAt: number | null = null;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (firstAt === null) resolve(signal);
        else if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(EXIT_INTERRUPTED);
        firstAt ??= performance.now();
      });
    }
  });
}
