import { describe, expect, test } from 'vitest';
import { useRig } from './rig.ts';

const rig = useRig({});

/** The server gives a host 10 s beyond the limit or the abort before it acts by itself. */
const SLACK_MS = 10_000;

describe.concurrent('[C1] time limits and silence', () => {
  test('task:failed after the limit: timeout', async () => {
    const host = await rig.host();
    const id = await rig.running(host, { timeout: 500 });
    const { startedAt = 0 } = await rig.api.task(id);
    await rig.api.untilTask('is past its limit', id, () => Date.now() > startedAt + 1_000);
    host.failed(id, 'time is up');
    expect(await rig.api.untilStatus(id, 'timeout')).toMatchObject({ error: { code: 'timeout' } });
  });

  test('task:failed before the limit: failed', async () => {
    const host = await rig.host();
    const id = await rig.running(host, { timeout: 3_600_000 });
    host.failed(id, 'broken');
    await rig.api.untilStatus(id, 'failed');
  });

  test('a host that says nothing of the limit: timeout by the server, and it is told to stop', async () => {
    const host = await rig.host();
    const id = await rig.running(host, { timeout: 500 });
    const task = await rig.api.untilStatus(id, 'timeout');
    expect(task.error?.code).toBe('timeout');
    expect((task.finishedAt ?? 0) - (task.startedAt ?? 0)).toBeGreaterThanOrEqual(500 + SLACK_MS);
    await host.next('task:abort', id);
  });

  test('a host that says nothing after an abort: aborted after 10 s, whatever it says later', async () => {
    const host = await rig.host();
    const id = await rig.running(host);
    const from = Date.now();
    expect(await rig.api.abort(id)).toBe(202);
    await host.next('task:abort', id);
    expect((await rig.api.task(id)).status).toBe('running');
    const task = await rig.api.untilStatus(id, 'aborted');
    expect(task.finishedAt).toBeGreaterThanOrEqual(from + SLACK_MS - 1_000);
    host.completed(id, { success: true, output: 'late' });
    await rig.settled(host);
    expect((await rig.api.task(id)).status).toBe('aborted');
  });

  test("the host's own default limit is the operator's taskTimeout", async () => {
    const host = await rig.host();
    expect((await rig.api.configure(host.hostId, { taskTimeout: 123_456 })).status).toBe(200);
    await host.next('config:update');
    const { id } = await rig.api.createTask({ prompt: 'p', hostId: host.hostId });
    expect((await host.next('task:execute', id)).task.timeout).toBe(123_456);
  });
});
