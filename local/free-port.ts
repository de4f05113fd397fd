import { type RunningServer, type ServerOptions, startServer } from './server.ts';
import { PortInUseError } from './server-error.ts';

/** As `startServer`, on any free port where the one asked for is taken. */
export async function startServerSomewhere(options: ServerOptions): Promise<RunningServer> {
  try {
    return await startServer(options);
  } catch (error) {
    if (!(error instanceof PortInUseError)) throw error;
    console.log(`Port ${options.port} is in use by another program: taking a free one.`);
    return await startServer({ ...options, port: 0 });
  }
}
