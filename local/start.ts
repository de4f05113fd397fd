import { join } from 'node:path';
import type { HostStatus } from '../shared/host.ts';
import { ApiClient } from './api-client.ts';
import { startServerSomewhere } from './free-port.ts';
import { type LocalGateway, startGateway } from './gateway.ts';
import { instructions } from './instructions.ts';
import { listenOf } from './listen.ts';
import { registeredHost } from './registered.ts';
import type { RunningServer } from './server.ts';
import { runCommand, ServerError } from './server-error.ts';
import { stopSignal } from './signals.ts';
import { stateDirOf, writePrivate } from './state.ts';
import { mintToken } from './tokens.ts';

/** Made anew at each start. */
const CLIENT_TOKEN_SECONDS = 90 * 24 * 60 * 60;

/** Resolves to null when the user ends it, to the reason when it ends by itself. */
function endOf(stopping: Promise<unknown>, server: RunningServer, gateway: LocalGateway): Promise<ServerError | null> {
  return Promise.race([
    stopping.then(() => null),
    server.exited.then(() => new ServerError('workerd has ended by itself', 1)),
    gateway.exited.then((code) => new ServerError(`the gateway has ended by itself (exit code ${code})`, code || 1)),
  ]);
}

/** Says how to use it once the gateway is there, and stays until the end. */
async function stayUp(
  end: Promise<ServerError | null>,
  registered: Promise<HostStatus>,
  say: (host: HostStatus) => void,
): Promise<void> {
  const first = await Promise.race([registered, end]);
  const isUp = first !== null && !(first instanceof ServerError);
  if (isUp) say(first);
  const ended = isUp ? await end : first;
  if (ended !== null) throw ended;
}

/** `npm start`: the server and a gateway for this machine, until SIGTERM or SIGINT. */
await runCommand(async () => {
  const stopping = stopSignal();
  void stopping.then(() => console.log('Stopping.'));
  const stateDir = stateDirOf(process.env);
  const server = await startServerSomewhere({ ...listenOf(process.env), stateDir, env: process.env });
  const { secret, url } = server;
  const looking = new AbortController();
  let gateway: LocalGateway | null = null;
  try {
    const order = { secret, sub: 'local', role: 'client', expiresInSeconds: CLIENT_TOKEN_SECONDS } as const;
    const nowMs = Date.now();
    const token = await mintToken({ ...order, nowMs });
    const tokenFile = join(stateDir, 'client-token');
    writePrivate(tokenFile, token);
    gateway = await startGateway({ server, stateDir });
    const registered = registeredHost(new ApiClient(url, token), gateway.hostId, nowMs, looking.signal);
    await stayUp(endOf(stopping, server, gateway), registered, (host) => {
      console.log(instructions(url, tokenFile, host));
    });
  } finally {
    looking.abort();
    // The gateway first: its last words need a server.
    await gateway?.stop();
    await server.stop();
  }
});
