/** ms. A call between objects takes a fraction of one; an object that hangs must not hold up its caller (rule 8). */
const CALL_DEADLINE_MS = 5_000;

/** Rejects when `call` has not answered within its deadline; what it does afterwards is repeated, and idempotent. */
export async function withDeadline<T>(call: () => Promise<T>): Promise<T> {
  let disarm = (): void => {};
  const hung = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${CALL_DEADLINE_MS} ms`)), CALL_DEADLINE_MS);
    disarm = () => clearTimeout(timer);
  });
  try {
    return await Promise.race([call(), hung]);
  } finally {
    disarm();
  }
}
