import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { startRuntime } from '../../local/runtime.ts';
import { ENVIRONMENT_BINDINGS, WORKER_FILE, workerdConfig } from '../../local/workerd-config.ts';
import type { Target } from './target.ts';

/** Those that `floor/worker.ts` has. */
const FLOOR_CLASSES = { SCHEDULER: 'SchedulerDO', HOST: 'HostDO', LOG: 'LogDO' };
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The bare objects of `floor/worker.ts`, run in the same way as the product's server: one workerd, data on disk. */
export async function startFloor(dir: string): Promise<Target> {
  mkdirSync(dir, { recursive: true });
  const date = /^compatibility_date = "(.+)"$/m.exec(readFileSync(join(ROOT, 'wrangler.toml'), 'utf8'))?.[1] ?? '';
  await build({
    entryPoints: [fileURLToPath(new URL('floor/worker.ts', import.meta.url))],
    outfile: join(dir, WORKER_FILE),
    bundle: true,
    format: 'esm',
    target: 'es2024',
    external: ['cloudflare:*'],
    logLevel: 'error',
  });
  const configPath = join(dir, 'config.capnp');
  writeFileSync(configPath, workerdConfig(date, FLOOR_CLASSES));
  const objectsDir = join(dir, 'objects');
  mkdirSync(objectsDir);
  const runtime = await startRuntime({
    configPath,
    host: '127.0.0.1',
    port: 0,
    objectsDir,
    env: Object.fromEntries(ENVIRONMENT_BINDINGS.map((name) => [name, ''])),
    onLine: (line) => console.error(`floor: ${line}`),
    onSpawn: () => undefined,
  });
  return {
    name: 'floor',
    url: `http://127.0.0.1:${runtime.port}`,
    token: () => 'none',
    stop: () => runtime.stop(),
  };
}
