import { claudeEnv } from '../scripted-model/claude-env.ts';
import { conformance } from './conformance.ts';
import { installed } from './row.ts';

conformance({
  name: 'Claude Code, a conversation',
  agent: { protocol: 'claude-stream', command: [installed('claude')] },
  env: ({ origin }, home) => claudeEnv(origin, home),
  lacks: { 'own cost': 'it counts it for a session from its beginning' },
});
