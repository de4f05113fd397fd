/** A reason why the server cannot run, in one line for its operator. */
export class ServerError extends Error {
  override readonly name: string = 'ServerError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Another program listens there. */
export class PortInUseError extends ServerError {
  override readonly name = 'PortInUseError';
}

/** Runs a command's main function: a `ServerError` becomes one line on stderr and its exit code. */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    console.error(`agent-gateway: ${error.message}`);
    process.exitCode = error.exitCode;
  }
}
