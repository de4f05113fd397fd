import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { describeIssues } from '../../shared/zod-issues.ts';
import { isErrno, replaceFile } from '../runs/durable.ts';
import { ConfigError } from './config-error.ts';
import { authTokenSchema, hostIdSchema, serverUrlSchema } from './value-schemas.ts';

const CREDENTIALS = 'credentials.json';

const credentialsSchema = z.object({
  serverUrl: serverUrlSchema,
  hostId: hostIdSchema,
  token: authTokenSchema,
  /** ms since the epoch. */
  expiresAt: z.int(),
});

/** What `agent-gateway enroll` got, and the server renews: a token for this host id at this server. */
export type Credentials = z.infer<typeof credentialsSchema>;

/** Null when the state directory holds none. Throws a `ConfigError` for a file that is damaged. */
export function readCredentials(stateDir: string): Credentials | null {
  const path = join(stateDir, CREDENTIALS);
  try {
    return credentialsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw new ConfigError(`cannot use ${path} (${complaint(error)}): delete it and enroll again`);
  }
}

/** What JSON's own errors quote of the text may be the token. */
function complaint(error: unknown): string {
  if (error instanceof z.ZodError) return describeIssues(error);
  return error instanceof SyntaxError ? 'it is not JSON' : String(error);
}

/** For the owner's eyes alone; the old ones or the new, whatever happens meanwhile. */
export async function keepCredentials(stateDir: string, credentials: Credentials): Promise<void> {
  await replaceFile(join(stateDir, CREDENTIALS), `${JSON.stringify(credentials, null, 2)}\n`);
}
