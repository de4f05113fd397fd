import { runInDurableObject } from 'cloudflare:test';
import { until } from './pool.ts';

/**
 * An object that takes no call until what this returns is called. Flags, not promises: a promise that another object
 * resolves would go on in that object's context.
 */
export async function blocked(stub: DurableObjectStub): Promise<() => Promise<void>> {
  const gate = { closed: false, open: false };
  const over = runInDurableObject(stub, (_, ctx) =>
    ctx.blockConcurrencyWhile(async () => {
      gate.closed = true;
      await until(
        async () => gate.open,
        (open) => open,
      );
    }),
  );
  await until(
    async () => gate.closed,
    (closed) => closed,
  );
  return async () => {
    gate.open = true;
    await over;
  };
}
