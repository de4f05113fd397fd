import { access, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { driverFor } from '../../../../gateway/agents/registry.ts';
import type { RunEnd } from '../../../../gateway/domain/outcome.ts';
import { redactorOf } from '../../../../gateway/domain/redactor.ts';
import type { RunRequest } from '../../../../gateway/runs/files.ts';
import { Approvals } from '../../../../gateway/supervisor/approvals.ts';
import { EndRequest } from '../../../../gateway/supervisor/end.ts';
import { EventFile } from '../../../../gateway/supervisor/event-file.ts';
import { runAgent } from '../../../../gateway/supervisor/run-agent.ts';
import type { AgentEvent } from '../../../../shared/event.ts';
import { AMPLE_ROOM, eventsOf, openWorkshop, type Workshop } from '../../../support/runs.ts';

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.close());

/** How it ended, and the lines that its events hold; `disk`: what each append waits for. */
async function ran(request: RunRequest, disk = async () => {}): Promise<{ end: RunEnd; events: string[] }> {
  const run = await shop.run(request);
  const events = await EventFile.create(run.file('EVENTS'), AMPLE_ROOM);
  const append = events.append.bind(events);
  vi.spyOn(events, 'append').mockImplementation(async (some) => {
    await disk();
    await append(some);
  });
  const now = () => 1;
  const tell = (event: AgentEvent) => events.appendAlways(event);
  const approvals = new Approvals({
    rules: [],
    redactor: redactorOf([]),
    wish: 'auto',
    timeoutMs: undefined,
    tell,
    now,
  });
  const driver = driverFor(request, join(run.path, 'tmp'));
  const base = { request, driver, end: new EndRequest(), approvals, events, now, kept: null };
  const { end } = await runAgent({ ...base, onSession: async () => {}, onStarted: () => {} });
  await events.close(1);
  return { end, events: (await eventsOf(run)).map((event) => event.content ?? '') };
}

async function linesOf(command: string[], disk?: () => Promise<void>): Promise<string[]> {
  return (await ran(await shop.request(command), disk)).events;
}

describe('running an agent', () => {
  it('[L9] starts none in a directory that became a symbolic link after it was judged', async () => {
    const request = await shop.request(['/bin/echo', 'hello']);
    await rm(shop.cwd, { recursive: true });
    await symlink('/etc', shop.cwd);
    const { end, events } = await ran(request);
    expect(end).toMatchObject({ kind: 'unstarted', message: expect.stringContaining('symbolic link') });
    expect(events).toEqual([]);
  });

  it('[L3] loses nothing of one that prints and exits at once', async () => {
    for (let round = 0; round < 20; round += 1) expect(await linesOf(['/bin/echo', 'hello'])).toEqual(['hello']);
  });

  it('lets Claude Code take its time when its turn is over, for another turn may follow from what it does beside', async () => {
    const init = '{"type":"system","subtype":"init","session_id":"s"}';
    const result = (text: string) => `{"type":"result","subtype":"success","is_error":false,"result":"${text}"}`;
    // Longer than others have to go.
    const script = `read line; echo '${init}'; echo '${result('one')}'; cat > /dev/null; sleep 6; echo '${result('two')}'`;
    const agent = { protocol: 'claude-stream' as const, command: ['/bin/sh', '-c', script] };
    const { end } = await ran(await shop.request([], { agent }));
    expect(end).toMatchObject({ kind: 'exited', exit: { code: 0 }, verdict: { success: true, output: 'two' } });
  });

  it('[R18] puts no question to anybody when the answer could not reach the agent any more', async () => {
    const init = '{"type":"system","subtype":"init","session_id":"s"}';
    const result = '{"type":"result","subtype":"success","is_error":false,"result":"done"}';
    const request = { subtype: 'can_use_tool', tool_name: 'Bash', input: { command: 'true' } };
    const asks = JSON.stringify({ type: 'control_request', request_id: 'q', request });
    const ask = async (script: string) => {
      const agent = { protocol: 'claude-stream' as const, command: ['/bin/sh', '-c', script] };
      return (await ran(await shop.request([], { agent }))).events.filter((line) => line.includes('permission'));
    };
    expect(await ask(`read line; echo '${init}'; echo '${asks}'; read answer; echo '${result}'`)).toEqual([
      'permission granted: Bash: true',
    ]);
    expect(await ask(`read line; echo '${init}'; echo '${result}'; cat > /dev/null; echo '${asks}'`)).toEqual([]);
  });

  it('[L3] loses nothing of its last output when the disk is slow', { timeout: 60_000 }, async () => {
    const count = 160;
    const script = `for (let n = 0; n < ${count}; n += 1) console.log(n + ' ' + 'x'.repeat(1020))`;
    const lines = await linesOf([process.execPath, '-e', script], () => sleep(1_500));
    expect(lines.map((line) => Number.parseInt(line, 10))).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  it('[L3] lets no agent wait for the disk with a few megabytes, which it would lose at its exit', async () => {
    const written = join(shop.cwd, 'written');
    const script = `
      const line = 'x'.repeat(1023) + '\\n';
      process.stdout.write(line.repeat(3_000), () => {
        require('node:fs').writeFileSync(${JSON.stringify(written)}, '');
        process.exit();
      });`;
    const lines = await linesOf([process.execPath, '-e', script], async () => {
      await vi.waitFor(() => access(written), { timeout: 20_000 });
    });
    expect(lines.length).toBe(3_000);
  });
});
