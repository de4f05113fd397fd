import { fileURLToPath } from 'node:url';
import { openCodeEnv } from '../scripted-model/opencode-env.ts';
import { conformance } from './conformance.ts';

const OPENCODE = fileURLToPath(new URL('../../node_modules/.bin/opencode', import.meta.url));

conformance({
  name: 'OpenCode, one shot',
  agent: { protocol: 'opencode', command: [OPENCODE] },
  env: ({ url }, home) => openCodeEnv(url, home),
  lacks: { 'tool start': '`opencode run` tells of a tool when it has ended' },
  keeps: ['opencode'],
});
