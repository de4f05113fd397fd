import { GEMINI_MODEL, geminiEnv } from '../scripted-model/gemini-env.ts';
import { conformance } from './conformance.ts';
import { installed } from './row.ts';

conformance({
  name: 'Gemini CLI, one shot',
  agent: { protocol: 'gemini', command: [installed('gemini')] },
  model: GEMINI_MODEL,
  env: ({ origin }, home) => geminiEnv(origin, home),
  lacks: { thinking: 'stream-json has no line for thoughts', cost: 'it has no price list' },
});
