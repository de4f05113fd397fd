import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLasting } from '../../../../gateway/agents/driver.ts';
import { driverFor } from '../../../../gateway/agents/registry.ts';
import { identityOf } from '../../../../gateway/process/identity.ts';
import { WarmAgents } from '../../../../gateway/runs/warm-agents.ts';
import { warmDirectory } from '../../../../gateway/runs/warm-files.ts';
import { EndRequest } from '../../../../gateway/supervisor/end.ts';
import { availableMemory, claimed, type FreeDeps, type KeptAgent } from '../../../../gateway/supervisor/kept-agent.ts';
import { openWorkshop, type Workshop } from '../../../support/runs.ts';

let shop: Workshop;
let stateDir: string;
let agent: KeptAgent;
beforeEach(async () => {
  shop = await openWorkshop();
  stateDir = await mkdtemp(join(tmpdir(), 'kept-agent-'));
  const request = await shop.request([], { agent: { protocol: 'acp', command: ['sleep', '100000'] } });
  const driver = driverFor(request, '/nowhere');
  if (!isLasting(driver)) throw new Error('no conversation');
  const child = spawn('sleep', ['100000'], { detached: true });
  const exit = once(child, 'exit').then(() => ({ code: child.exitCode, signal: child.signalCode }));
  agent = { process: { child, identity: identityOf(child.pid ?? 0), exit }, driver, own: [] };
});
afterEach(async () => {
  agent.process.child.kill('SIGKILL');
  await agent.process.exit;
  await rm(stateDir, { recursive: true, force: true });
  await shop.close();
});

/** Announced, with `claim` once that is done. */
async function free(more: Partial<FreeDeps>, claim: () => Promise<unknown> = async () => {}) {
  const directory = warmDirectory(stateDir, 'a-mark');
  const deps = {
    directory,
    kind: 'kind',
    keepMs: 60_000,
    end: new EndRequest(),
    availableMemory: () => 1,
    now: () => 1,
  };
  return claimed(agent, {
    ...deps,
    onFree: async () => {
      await claim();
    },
    ...more,
  });
}

describe('[R22] a free agent', () => {
  it('is claimed once, for tasks of its kind', async () => {
    const warm = new WarmAgents(stateDir, 1);
    const claims: (string | null)[] = [];
    const path = await free({}, async () => {
      for (const kind of ['other', 'kind', 'kind']) claims.push(await warm.claim(kind, '/a/run'));
    });
    expect(path).toBe('/a/run');
    expect(claims).toEqual([null, 'a-mark', null]);
    expect(await warm.claim('kind', '/a/run')).toBeNull();
  });

  it('is ended when more are free than are wanted', async () => {
    expect(await free({}, () => new WarmAgents(stateDir, 0).trim())).toBeNull();
  });

  it('is ended when memory is short, when its time is up and when its supervisor is told to end', async () => {
    expect(await free({ availableMemory: () => 0.09 })).toBeNull();
    expect(await free({ keepMs: 1 })).toBeNull();
    const end = new EndRequest();
    expect(await free({ end }, async () => end.request('stopped'))).toBeNull();
    expect(availableMemory()).toBeGreaterThan(0);
    expect(availableMemory()).toBeLessThanOrEqual(1);
  });

  it('is not kept when it has ended by itself, nor when its directory is gone', async () => {
    expect(await free({}, () => rm(stateDir, { recursive: true }))).toBeNull();
    expect(await free({}, async () => agent.process.child.kill('SIGKILL'))).toBeNull();
  });
});
