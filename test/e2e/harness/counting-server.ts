import { writeBundle } from '../../../local/bundle.ts';
import { startRuntime } from '../../../local/runtime.ts';
import { parseServerSettings } from '../../../shared/settings.ts';
import { Api } from './api.ts';
import { mintToken, randomSecret } from './tokens.ts';
import type { World } from './world.ts';

const ENTRY_POINT = 'test/workers/counting-worker.ts';
const CONSTRUCTED = /^constructed (.+)$/;

/** The server on workerd, which says of each object how often it was constructed: anew after each sleep. */
export class CountingServer {
  readonly url: string;
  readonly #secret: string;
  readonly #constructed: readonly string[];

  private constructor(url: string, secret: string, constructed: readonly string[]) {
    this.url = url;
    this.#secret = secret;
    this.#constructed = constructed;
  }

  /** It ends with the world. */
  static async start(world: World, settings: Record<string, string>): Promise<CountingServer> {
    const secret = randomSecret();
    const constructed: string[] = [];
    const all = Object.entries(parseServerSettings(settings)).map(([name, value]) => [name, String(value)]);
    const runtime = await startRuntime({
      configPath: await writeBundle(world.directory('bundle'), ENTRY_POINT),
      host: '127.0.0.1',
      port: 0,
      objectsDir: world.directory('objects'),
      env: { ...Object.fromEntries(all), JWT_SECRET: secret, JWT_SECRET_PREVIOUS: '' },
      onLine: (line) => {
        const name = CONSTRUCTED.exec(line)?.[1];
        if (name !== undefined) constructed.push(name);
      },
      onSpawn: () => {},
    });
    world.onClose(() => runtime.stop());
    return new CountingServer(`http://127.0.0.1:${runtime.port}`, secret, constructed);
  }

  token(sub: string, role: string, pool: string): string {
    return mintToken(this.#secret, { sub, role, pool });
  }

  api(pool: string): Api {
    return new Api(this.url, this.token('tester', 'admin', pool));
  }

  /** How often each object of the pool was constructed, by its name. */
  counts(pool: string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const name of this.#constructed) {
      if (name === pool || name.startsWith(`${pool}/`)) counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }
}
