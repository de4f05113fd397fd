import { execFile } from 'node:child_process';
import { mkdtemp, open, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { versionIn } from '../domain/version.ts';

/** ms. OpenCode says its version in about one second on a slow machine; a daemon that starts cannot wait for long. */
const ASKING_MS = 5_000;
/** Bytes of output that are looked at. */
const MAX_OUTPUT_BYTES = 64 * 1024;
/** How native programs begin: ELF, Mach-O (both orders, and for several processors), Windows. */
const NATIVE = ['7f454c46', 'cffaedfe', 'feedfacf', 'cafebabe', '4d5a'];

const manifestSchema = z.object({ name: z.string(), version: z.string() });

/**
 * The version of a program that is installed; null when it does not say. `packages`: names of the packages of npm that hold it. Where the
 * file lies in one of them, its manifest tells. Any other program is asked, with `--version`, if it is a native one: a
 * script of that name may be anything, and take the flag for its task.
 */
export async function installedVersion(
  command: readonly string[],
  packages: RegExp,
  searchPath: string,
): Promise<string | null> {
  // Behind a shim of Windows it is Node.js that runs the script that stands last.
  const path = await realpath(command.at(-1) ?? '').catch(() => null);
  if (path === null) return null;
  const told = await packageVersionOf(path, packages);
  if (told !== null) return told;
  return (await isNative(path)) ? askVersion(path, searchPath) : null;
}

async function packageVersionOf(path: string, packages: RegExp): Promise<string | null> {
  for (let directory = dirname(path); directory !== dirname(directory); directory = dirname(directory)) {
    const manifest = await readManifest(join(directory, 'package.json'));
    if (manifest !== null && packages.test(manifest.name)) return versionIn(manifest.version);
  }
  return null;
}

async function readManifest(path: string): Promise<z.infer<typeof manifestSchema> | null> {
  try {
    return manifestSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data ?? null;
  } catch {
    return null;
  }
}

async function isNative(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  // One that may be run and not read.
  if (file === null) return false;
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(4), position: 0 });
    const start = buffer.subarray(0, bytesRead).toString('hex');
    return NATIVE.some((magic) => start.startsWith(magic));
  } finally {
    await file.close();
  }
}

async function askVersion(path: string, searchPath: string): Promise<string | null> {
  // OpenCode unpacks a library there at each start, and leaves it.
  const temporary = await mkdtemp(join(tmpdir(), 'agent-gateway-version-'));
  const env = { PATH: searchPath, HOME: temporary, TMPDIR: temporary, TEMP: temporary };
  const options = { env, timeout: ASKING_MS, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES } as const;
  try {
    return await new Promise((done) => {
      execFile(path, ['--version'], options, (error, stdout) => done(error === null ? versionIn(stdout) : null));
    });
  } finally {
    await rm(temporary, { recursive: true, force: true, maxRetries: 10 });
  }
}
