import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseFlags } from '../../../../gateway/config/flags.ts';
import { type DaemonConfig, loadConfig } from '../../../../gateway/config/load.ts';

/** A machine's directories for one test. */
export class Place {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-config-')));
  readonly stateDir = join(this.dir, 'state');
  readonly project = this.directory('project');

  directory(name: string): string {
    const path = join(this.dir, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Writes the JSON file where the daemon looks for it by default. */
  file(content: unknown): string {
    mkdirSync(this.stateDir, { recursive: true });
    const path = join(this.stateDir, 'config.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  }

  /** With a token and this place's state directory, unless the arguments say otherwise. */
  load(argv: string[] = [], environment: Record<string, string> = {}, cwd = this.project): DaemonConfig {
    const defaults = { GATEWAY_STATE_DIR: this.stateDir, GATEWAY_AUTH_TOKEN: 'token' };
    return loadConfig(parseFlags(argv).values, { ...defaults, ...environment }, cwd);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
