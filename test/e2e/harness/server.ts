import { Api } from './api.ts';
import { Child } from './child.ts';
import { REPOSITORY } from './repository.ts';
import { mintToken, type TokenClaims } from './tokens.ts';

export interface ServerOptions {
  dir: string;
  home: string;
  temporary: string;
  secret: string;
  settings: Record<string, string>;
}

/** `npm run serve` as a real process; its port and its data stay the same across restarts. */
export class Server {
  readonly #options: ServerOptions;
  #child: Child;
  #url: string;

  private constructor(options: ServerOptions, child: Child, url: string) {
    this.#options = options;
    this.#child = child;
    this.#url = url;
  }

  static async start(options: ServerOptions): Promise<Server> {
    const [child, url] = await Server.#launch(options, '0');
    return new Server(options, child, url);
  }

  static async #launch(options: ServerOptions, port: string): Promise<[Child, string]> {
    const child = new Child({
      command: [process.execPath, 'local/serve.ts'],
      cwd: REPOSITORY,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: options.home,
        TMPDIR: options.temporary,
        PORT: port,
        HOST: '127.0.0.1',
        STATE_DIR: options.dir,
        JWT_SECRET: options.secret,
        ...options.settings,
      },
    });
    try {
      const line = await child.lines.take('the line with the URL', (each) => /http:\/\/\S+:[0-9]+/.test(each));
      return [child, /http:\/\/[^\s"'/]+/.exec(line)?.[0] ?? ''];
    } catch (error) {
      await child.killTree();
      throw error;
    }
  }

  get url(): string {
    return this.#url;
  }

  get webSocketUrl(): string {
    return this.#url.replace(/^http/, 'ws');
  }

  get child(): Child {
    return this.#child;
  }

  get secret(): string {
    return this.#options.secret;
  }

  token(claims: TokenClaims): string {
    return mintToken(this.#options.secret, claims);
  }

  hostToken(hostId: string, pool?: string): string {
    return this.token({ sub: hostId, role: 'host', ...(pool === undefined ? {} : { pool }) });
  }

  /** A client of a pool; as an administrator unless said otherwise. */
  api(claims: Partial<TokenClaims> = {}): Api {
    return new Api(this.#url, this.token({ sub: 'tester', role: 'admin', ...claims }));
  }

  /** The orderly end: SIGTERM; resolves to the exit code. */
  async stop(): Promise<number | null> {
    return (await this.#child.stop('SIGTERM')).code;
  }

  /** `kill -9` of everything that the server is made of. */
  async crash(): Promise<void> {
    await this.#child.killTree();
  }

  /** Up again on the same port, with the same data. */
  async startAgain(settings: Record<string, string> = {}): Promise<void> {
    const options = { ...this.#options, settings: { ...this.#options.settings, ...settings } };
    const [child] = await Server.#launch(options, new URL(this.#url).port);
    this.#child = child;
  }
}
