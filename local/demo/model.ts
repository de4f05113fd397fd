import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ServerError } from '../server-error.ts';

const MODEL = fileURLToPath(new URL('../../test/scripted-model/main.ts', import.meta.url));

export interface DemoModel {
  /** In which OpenCode works against this model. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

/** Starts the scripted model in a process of its own; it ends with this one, for it then reads the end of its stdin. */
export async function startModel(home: string): Promise<DemoModel> {
  const child = spawn(process.execPath, [MODEL, home], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const env = z.record(z.string(), z.string()).parse(JSON.parse(line));
    return {
      env,
      async stop() {
        child.kill('SIGTERM');
        await exited;
      },
    };
  }
  throw new ServerError('the scripted model did not start', 1);
}
