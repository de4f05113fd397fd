/**
 * Preloaded into a daemon (`node --import`): its wall clock, and that of the supervisors that it launches, is off by
 * `TEST_CLOCK_OFFSET_MS`. Monotonic clocks and the file system's times stay what they are, as on a machine whose clock was set wrong.
 */
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { z } from 'zod';

const OFFSET_ENV = 'TEST_CLOCK_OFFSET_MS';
const offset = z.coerce.number().parse(process.env[OFFSET_ENV]);

const { now } = Date;
const shiftedNow = (): number => now() + offset;
globalThis.Date = new Proxy(Date, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [shiftedNow()] : args, newTarget),
  get: (target, key) => (key === 'now' ? shiftedNow : Reflect.get(target, key)),
});

const argumentsSchema = z.tuple([
  z.string(),
  z.array(z.string()),
  z.looseObject({ env: z.record(z.string(), z.unknown()) }),
]);

/** A supervisor gets next to nothing of its daemon's environment, and so not this module either. */
childProcess.spawn = new Proxy(childProcess.spawn, {
  apply(target, self, args) {
    const call = argumentsSchema.safeParse(args);
    if (!call.success || !/\/supervisor\/main\.[jt]s$/.test(call.data[1][0] ?? ''))
      return Reflect.apply(target, self, args);
    const [file, rest, options] = call.data;
    const env = { ...options.env, [OFFSET_ENV]: String(offset) };
    return Reflect.apply(target, self, [file, ['--import', import.meta.url, ...rest], { ...options, env }]);
  },
});
syncBuiltinESMExports();
