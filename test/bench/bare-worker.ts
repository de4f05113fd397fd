import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { startRuntime } from '../../local/runtime.ts';
import { ENVIRONMENT_BINDINGS, WORKER_FILE, workerdConfig } from '../../local/workerd-config.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface BareWorker {
  /** `http://host:port`. */
  url: string;
  stop(): Promise<void>;
}

/**
 * Another Worker than the product's, run in the same way: one workerd, data on disk. `entry`: its source; `classes`: its objects by the names
 * of their bindings.
 */
export async function startBareWorker(
  dir: string,
  entry: URL,
  classes: Readonly<Record<string, string>>,
): Promise<BareWorker> {
  const objectsDir = join(dir, 'objects');
  mkdirSync(objectsDir, { recursive: true });
  const date = /^compatibility_date = "(.+)"$/m.exec(readFileSync(join(ROOT, 'wrangler.toml'), 'utf8'))?.[1] ?? '';
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile: join(dir, WORKER_FILE),
    bundle: true,
    format: 'esm',
    target: 'es2024',
    external: ['cloudflare:*'],
    logLevel: 'error',
  });
  const configPath = join(dir, 'config.capnp');
  writeFileSync(configPath, workerdConfig(date, classes));
  const runtime = await startRuntime({
    configPath,
    host: '127.0.0.1',
    port: 0,
    objectsDir,
    env: Object.fromEntries(ENVIRONMENT_BINDINGS.map((name) => [name, ''])),
    onLine: (line) => console.error(`bare worker: ${line}`),
    onSpawn: () => undefined,
  });
  return { url: `http://127.0.0.1:${runtime.port}`, stop: () => runtime.stop() };
}
