import { listenOf } from './listen.ts';
import { startServer } from './server.ts';
import { runCommand, ServerError } from './server-error.ts';
import { stopSignal } from './signals.ts';
import { stateDirOf } from './state.ts';

/** `npm run serve`: the server alone, until SIGTERM or SIGINT. Its one line on stdout is its URL, when it is ready. */
await runCommand(async () => {
  const stopping = stopSignal();
  const server = await startServer({ ...listenOf(process.env), stateDir: stateDirOf(process.env), env: process.env });
  console.log(`Agent Gateway server ready on ${server.url}`);
  const ended = await Promise.race([stopping.then(() => 'asked' as const), server.exited]);
  if (ended !== 'asked') throw new ServerError('workerd has ended by itself', 1);
  await server.stop();
});
