import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.ts';
import { REPOSITORY } from './repository.ts';

/** The scripted agent: its prompt is a list of commands, see `script-agent.ts`. */
export const SCRIPT_AGENT = join(REPOSITORY, 'test/e2e/harness/script-agent.ts');

export interface DaemonOptions {
  /** Of this daemon alone: state, configuration and working directory live below it. */
  dir: string;
  home: string;
  temporary: string;
  serverUrl: string;
  hostId: string;
  token: string;
  maxConcurrent?: number;
  /** More agents for the file, by name. */
  agents?: Record<string, unknown>;
  /** What else stands in its file. */
  file?: Record<string, unknown>;
  env?: Record<string, string>;
  flags?: readonly string[];
}

/** `npm run gateway` as a real process with two text agents: `script`, and `chat`, whose stdin stays open for input. */
export class Daemon {
  readonly hostId: string;
  readonly cwd: string;
  readonly stateDir: string;
  readonly #options: DaemonOptions;
  #child: Child;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.hostId = options.hostId;
    this.cwd = join(options.dir, 'work');
    this.stateDir = join(options.dir, 'state');
    mkdirSync(this.cwd, { recursive: true });
    mkdirSync(this.stateDir, { recursive: true, mode: 0o700 });
    const command = [process.execPath, SCRIPT_AGENT];
    const agents = {
      script: { protocol: 'text', command },
      chat: { protocol: 'text', command, input: true },
      ...options.agents,
    };
    writeFileSync(join(options.dir, 'config.json'), JSON.stringify({ ...options.file, agents }));
    this.#child = this.#launch();
  }

  #launch(): Child {
    const { dir, home, temporary, serverUrl, hostId, token, maxConcurrent, env, flags = [] } = this.#options;
    return new Child({
      command: [process.execPath, 'gateway/main.ts', ...flags],
      cwd: REPOSITORY,
      env: {
        PATH: '/usr/bin:/bin',
        HOME: home,
        TMPDIR: temporary,
        LANG: 'C.UTF-8',
        GATEWAY_SERVER_URL: serverUrl,
        GATEWAY_HOST_ID: hostId,
        GATEWAY_AUTH_TOKEN: token,
        GATEWAY_CONFIG: join(dir, 'config.json'),
        GATEWAY_CWD: this.cwd,
        GATEWAY_STATE_DIR: this.stateDir,
        ...(maxConcurrent === undefined ? {} : { GATEWAY_MAX_CONCURRENT: String(maxConcurrent) }),
        ...env,
      },
    });
  }

  get child(): Child {
    return this.#child;
  }

  /** Orderly: SIGTERM. */
  async stop(): Promise<number | null> {
    return (await this.#child.stop('SIGTERM')).code;
  }

  /** `kill -9` of the daemon alone: supervisors and agents go on. */
  async crash(): Promise<void> {
    await this.#child.kill();
  }

  /** Another daemon on the same state directory. */
  startAgain(): void {
    this.#child = this.#launch();
  }
}
