import { GEMINI_MODEL, geminiEnv } from '../scripted-model/gemini-env.ts';
import { conformance } from './conformance.ts';
import { installed } from './row.ts';

conformance({
  name: 'Gemini CLI over ACP',
  agent: { protocol: 'acp', command: [installed('gemini'), '--acp', '--skip-trust'] },
  model: GEMINI_MODEL,
  env: ({ origin }, home) => geminiEnv(origin, home),
  lacks: {
    'tool output': 'what a command puts out is not told over ACP',
    cost: 'it has no price list',
    'whole count': 'over ACP it leaves out cached tokens and thoughts',
  },
});
