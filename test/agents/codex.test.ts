import { codexEnv } from '../scripted-model/codex-env.ts';
import { conformance } from './conformance.ts';
import { installed } from './row.ts';

conformance({
  name: 'Codex, one shot',
  agent: { protocol: 'codex', command: [installed('codex')] },
  env: ({ url }, home) => codexEnv(url, home),
  // After 30 s at most it tells its model that a command goes on.
  timeLimitMs: 25_000,
  lacks: { cost: 'it has no price list', 'own count': 'it counts a session from its beginning' },
});
