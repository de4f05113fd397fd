import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';
import { WORKER_FILE, workerdConfig } from './workerd-config.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMPATIBILITY_DATE = /^compatibility_date = "(\d{4}-\d{2}-\d{2})"$/m;

/** The Worker as it runs on bare workerd, from the root of the checkout. */
const ENTRY_POINT = 'worker/index-workerd.ts';

/** Bundles the Worker into `directory` beside its configuration; answers the configuration's path. */
export async function writeBundle(directory: string, entryPoint: string = ENTRY_POINT): Promise<string> {
  const date = COMPATIBILITY_DATE.exec(await readFile(join(ROOT, 'wrangler.toml'), 'utf8'))?.[1];
  if (date === undefined) throw new Error('wrangler.toml names no compatibility_date');
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entryPoint],
    outfile: join(directory, WORKER_FILE),
    bundle: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*'],
    logLevel: 'error',
  });
  // Its service process would stay for as long as this one.
  await stop();
  const config = join(directory, 'config.capnp');
  await writeFile(config, workerdConfig(date));
  return config;
}
