import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { logPageSchema } from '../../../shared/api/log.ts';
import { createApp } from '../../../worker/http/app.ts';
import { addressFromEdge } from '../../../worker/http/client-address.ts';
import { type Objects, objectsOf } from '../../../worker/http/objects.ts';
import type { StatusRecord } from '../../../worker/rpc.ts';
import { bearer, envWith, viewOf } from './support.ts';

const EVENTS = 700;

/** A real log object; of SchedulerDO only where the task's log is. */
function appOver(logName: string) {
  const getTask = async (id: string) => ({ ...viewOf(id), log: logName });
  const objects = (): Objects => {
    const real = objectsOf(env);
    const scheduler = real.scheduler('default');
    return {
      ...real,
      scheduler: () => ({
        createTask: (request, origin) => scheduler.createTask(request, origin),
        listTasks: (query) => scheduler.listTasks(query),
        abortTask: (id) => scheduler.abortTask(id),
        inputTask: (id, content) => scheduler.inputTask(id, content),
        finishTask: (id) => scheduler.finishTask(id),
        listApprovals: (id) => scheduler.listApprovals(id),
        decideApproval: (id, approvalId, decision, by) => scheduler.decideApproval(id, approvalId, decision, by),
        listHosts: () => scheduler.listHosts(),
        getHost: (id) => scheduler.getHost(id),
        patchHostConfig: (id, patch) => scheduler.patchHostConfig(id, patch),
        figures: () => scheduler.figures(),
        getTask,
      }),
    };
  };
  return createApp({ objects, clientAddress: addressFromEdge, rateLimits: () => ({}) });
}

const status = (rev: number, name: StatusRecord['status']): StatusRecord => ({
  rev,
  at: rev,
  attempt: 1,
  status: name,
});

async function fill(logName: string, taskId: string): Promise<void> {
  const events = Array.from({ length: EVENTS }, (_, index) => ({
    type: 'log' as const,
    content: `line ${index} ✓\nwith a break`,
    timestamp: index,
  }));
  const batch = { attempt: 1, hostId: 'h', source: 0, first: 1, events };
  const before = [status(1, 'queued'), status(2, 'assigned'), status(3, 'running')];
  await env.LOG.getByName(logName).append({ taskId, status: before, batch, end: [status(4, 'completed')] });
}

describe('one log in three forms [C2]', () => {
  const logName = 'default/2026-11-17/1';
  const taskId = 'three-forms';
  const app = appOver(logName);
  const path = `/api/tasks/${taskId}/events`;
  const get = async (query: string, headers: Record<string, string> = {}) =>
    app.request(`${path}${query}`, { headers: { ...headers, ...(await bearer({ role: 'client' })) } }, envWith());

  async function pages(): Promise<string[]> {
    const entries: string[] = [];
    let after = 0;
    for (let done = false; !done; ) {
      const page = logPageSchema.parse(await (await get(`?after=${after}&limit=100`)).json());
      entries.push(...page.events.map((entry) => JSON.stringify(entry)));
      expect(page.events.length).toBeLessThanOrEqual(100);
      after = page.nextAfter;
      done = page.done;
    }
    return entries;
  }

  async function streamed(headers: Record<string, string> = {}): Promise<string[]> {
    const text = await (await get('', { accept: 'text/event-stream', ...headers })).text();
    return text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []));
  }

  async function socketed(query = ''): Promise<{ frames: string[]; code: number }> {
    const { webSocket } = await get(query, { upgrade: 'websocket' });
    if (webSocket === null) throw new Error('no socket');
    const frames: string[] = [];
    const code = await new Promise<number>((resolve) => {
      webSocket.addEventListener('message', ({ data }) => {
        frames.push(String(data));
      });
      webSocket.addEventListener('close', (closed) => resolve(closed.code));
      webSocket.accept();
    });
    return { frames, code };
  }

  const parsed = (entries: string[]): unknown[] => entries.map((entry): unknown => JSON.parse(entry));

  test('page by page, as a stream and over a WebSocket: the same entries, numbered without a hole', async () => {
    await fill(logName, taskId);
    const entries = parsed(await pages());
    expect(entries).toHaveLength(EVENTS + 4);
    expect(entries).toMatchObject(entries.map((_, index) => ({ seq: index + 1 })));
    expect(parsed(await streamed())).toEqual(entries);
    const { frames, code } = await socketed();
    expect(parsed(frames)).toEqual(entries);
    expect(code).toBe(1000);
    // From any point on, exactly the rest [L11].
    expect(parsed(await streamed({ 'last-event-id': '300' }))).toEqual(entries.slice(300));
    expect(parsed((await socketed('?after=300')).frames)).toEqual(entries.slice(300));
  });

  test('what comes while a stream is open arrives on it', async () => {
    const liveId = 'live';
    const stub = env.LOG.getByName(logName);
    await stub.append({ taskId: liveId, status: [status(1, 'queued')], batch: null, end: [] });
    const headers = { accept: 'text/event-stream', ...(await bearer({ role: 'client' })) };
    const response = await app.request(`/api/tasks/${liveId}/events`, { headers }, envWith());
    const text = response.text();
    await stub.append({ taskId: liveId, status: [], batch: null, end: [status(2, 'aborted')] });
    expect((await text).split('\n').filter((line) => line.startsWith('id: '))).toEqual(['id: 1', 'id: 2']);
  });
});
