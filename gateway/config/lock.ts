import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { log } from '../logger.ts';
import { isAlive, ownIdentity } from '../process/identity.ts';
import { readJson, replaceFile, untilRoom } from '../runs/durable.ts';
import { processIdentitySchema } from '../runs/files.ts';
import { ConfigError } from './config-error.ts';

const LOCK_NAME = /^daemon\.(\d+)\.lock$/;

function lockPath(stateDir: string, pid: number): string {
  return join(stateDir, `daemon.${pid}.lock`);
}

/** Pids of other daemons that live and hold a lock; files of dead ones are removed. */
async function otherHolders(stateDir: string): Promise<number[]> {
  const holders: number[] = [];
  for (const name of readdirSync(stateDir)) {
    const pid = Number(LOCK_NAME.exec(name)?.[1] ?? process.pid);
    if (pid === process.pid) continue;
    const identity = await readJson(join(stateDir, name), processIdentitySchema);
    if (identity !== null && (await isAlive(identity))) holders.push(pid);
    else rmSync(join(stateDir, name), { force: true });
  }
  return holders;
}

export interface StateLock {
  release(): void;
}

/**
 * Makes this process the only daemon of a state directory; throws a `ConfigError` when another one lives. Every daemon writes a
 * file of its own before it looks for those of others, so two that start at once can both give up but never both go on, and
 * a file left by `kill -9` needs no takeover. Waits for room on a full disk: to give up would leave the host without a daemon.
 */
export async function lockStateDir(stateDir: string): Promise<StateLock> {
  const own = lockPath(stateDir, process.pid);
  const identity = JSON.stringify(await ownIdentity());
  await untilRoom(
    () => replaceFile(own, identity),
    () => log.error('the disk of {stateDir} is full: waiting for room', { stateDir }),
  );
  const release = () => rmSync(own, { force: true });
  const [holder] = await otherHolders(stateDir);
  if (holder === undefined) return { release };
  release();
  throw new ConfigError(
    `another daemon (pid ${holder}) uses ${stateDir}: stop it, or give this one its own --state-dir and --host-id`,
  );
}
