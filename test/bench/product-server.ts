import { randomBytes } from 'node:crypto';
import { startServer } from '../../local/server.ts';
import { mintToken } from '../e2e/harness/tokens.ts';
import type { Target } from './target.ts';

/** The product, as `npm run serve` runs it; the limits that a benchmark runs into are set aside. */
export async function startProduct(dir: string): Promise<Target> {
  const secret = randomBytes(32).toString('hex');
  const server = await startServer({
    stateDir: dir,
    env: { JWT_SECRET: secret, MAX_HOSTS_PER_IP: '0' },
    onLine: (line) => console.error(`server: ${line}`),
  });
  return {
    name: 'agent-gateway',
    url: server.url,
    token: (role, sub) => mintToken(secret, { role, sub }),
    stop: () => server.stop(),
  };
}
