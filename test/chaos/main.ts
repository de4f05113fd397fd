/** `npm run test:chaos -- [--seed S] [--seconds N] [--verbose]`: breaks a whole installation and says what held. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { runChaos } from './run.ts';
import { summary } from './summary.ts';

const MAX_SEED = 2 ** 31 - 1;
const DEFAULT_SECONDS = 60;

const optionsSchema = z.object({
  seed: z.coerce.number('--seed is a whole number').int('--seed is a whole number').optional(),
  seconds: z.coerce
    .number('--seconds is a number above 0')
    .positive('--seconds is a number above 0')
    .default(DEFAULT_SECONDS),
  verbose: z.boolean().default(false),
});

const { values } = parseArgs({
  options: { seed: { type: 'string' }, seconds: { type: 'string' }, verbose: { type: 'boolean' } },
});
const { seed = Math.floor(Math.random() * MAX_SEED), seconds, verbose } = optionsSchema.parse(values);
console.log(`chaos: seed ${seed}, ${seconds} s`);
const outcome = await runChaos(seed, seconds, verbose ? console.log : () => {});
console.log(summary(outcome));
process.exitCode = outcome.violations.length === 0 ? 0 : 1;
