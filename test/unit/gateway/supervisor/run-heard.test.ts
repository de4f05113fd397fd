import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { driverFor } from '../../../../gateway/agents/registry.ts';
import { redactorOf } from '../../../../gateway/domain/redactor.ts';
import { Approvals } from '../../../../gateway/supervisor/approvals.ts';
import { EndRequest } from '../../../../gateway/supervisor/end.ts';
import { EventFile } from '../../../../gateway/supervisor/event-file.ts';
import type { AgentRun } from '../../../../gateway/supervisor/run-agent.ts';
import { runHeard } from '../../../../gateway/supervisor/run-heard.ts';
import { AMPLE_ROOM, eventsOf, openWorkshop, type Workshop } from '../../../support/runs.ts';

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.close());

/** What Gemini CLI does when its timer was faster than its prompt. */
const MISS = 'echo "No input provided via stdin. Input can be provided by …" >&2; exit 42';
const ANSWER = `echo '{"type":"init","session_id":"s","model":"m"}'; echo '{"type":"result","status":"success"}'`;

/** Runs `script` as Gemini CLI; it is to note each of its starts in the file `starts`. */
async function ran(script: string, timeoutMs?: number): Promise<AgentRun & { starts: number; notes: number }> {
  const agent = { protocol: 'gemini' as const, command: ['/bin/sh', '-c', `echo start >> starts; ${script}`] };
  const request = await shop.request([], { agent, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  const run = await shop.run(request);
  const events = await EventFile.create(run.file('EVENTS'), AMPLE_ROOM);
  const now = () => 1;
  const approvals = new Approvals({
    rules: [],
    redactor: redactorOf([]),
    wish: 'auto',
    timeoutMs: undefined,
    tell: (event) => events.appendAlways(event),
    now,
  });
  const anew = () => driverFor(request, join(run.path, 'tmp'));
  const deps = { request, driver: anew(), end: new EndRequest(), approvals, events, now, kept: null };
  const outcome = await runHeard({ ...deps, onSession: async () => {}, onStarted: () => {} }, anew);
  await events.close(1);
  const starts = (await readFile(join(shop.cwd, 'starts'), 'utf8')).split('\n').length - 1;
  const notes = (await eventsOf(run)).filter(({ data }) => JSON.stringify(data)?.includes('restart')).length;
  return { ...outcome, starts, notes };
}

describe('an agent that ends without having taken its prompt', () => {
  it('is started again, and its answer counts', async () => {
    const outcome = await ran(`[ $(wc -l < starts) -le 2 ] && { ${MISS}; }; cat > prompt; ${ANSWER}`);
    expect(outcome).toMatchObject({ starts: 3, notes: 2, end: { kind: 'exited', verdict: { success: true } } });
    expect(await readFile(join(shop.cwd, 'prompt'), 'utf8')).toBe('do it');
  });

  it('fails when that does not help', async () => {
    const outcome = await ran(MISS);
    expect(outcome).toMatchObject({ starts: 4, notes: 3, end: { kind: 'exited', verdict: { success: false } } });
  });

  it('has one time limit for all its starts', async () => {
    // Each is well within it, all four are not.
    const { end } = await ran(`sleep 1; ${MISS}`, 3_000);
    expect(end).toMatchObject({ kind: 'cut', reason: 'timeout' });
  });

  it('is not started again once it has begun, or for another reason', async () => {
    const init = `echo '{"type":"init","session_id":"s","model":"m"}'`;
    expect(await ran(`${init}; ${MISS}`)).toMatchObject({ starts: 1, end: { exit: { code: 42 } } });
  });

  it.each(['exit 42', 'echo "No input provided via stdin" >&2; exit 1'])(
    'is not started again after %s',
    async (script) => {
      expect(await ran(script)).toMatchObject({ starts: 1, notes: 0, end: { verdict: { success: false } } });
    },
  );
});
