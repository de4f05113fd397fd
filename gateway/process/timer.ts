/** A timer counts in 32 bits: longer waits are made of several. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Calls `onDue` once after `ms` by the monotonic clock, however long; returns what cancels it. */
export function callAfter(ms: number, onDue: () => void): () => void {
  const due = performance.now() + ms;
  let timer: NodeJS.Timeout;
  const arm = () => {
    const left = due - performance.now();
    timer = left <= LONGEST_TIMER_MS ? setTimeout(onDue, Math.max(0, left)) : setTimeout(arm, LONGEST_TIMER_MS);
  };
  arm();
  return () => clearTimeout(timer);
}

/** Resolves to true when the promise settles, or to false when `ms` have passed before; never rejects. */
export async function settledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let cancel = () => {};
  const late = new Promise<boolean>((resolve) => {
    cancel = callAfter(ms, () => resolve(false));
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  const first = await Promise.race([settled, late]);
  cancel();
  return first;
}
