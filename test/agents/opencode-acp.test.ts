import { fileURLToPath } from 'node:url';
import { openCodeEnv } from '../scripted-model/opencode-env.ts';
import { conformance } from './conformance.ts';

const OPENCODE = fileURLToPath(new URL('../../node_modules/.bin/opencode', import.meta.url));

conformance({
  name: 'OpenCode over ACP',
  agent: { protocol: 'acp', command: [OPENCODE, 'acp'] },
  env: ({ url }, home) => openCodeEnv(url, home),
  asking: { OPENCODE_PERMISSION: JSON.stringify({ edit: 'ask', bash: 'ask' }) },
  lacks: { 'own cost': 'it counts it for a session from its beginning' },
  keeps: ['opencode'],
});
