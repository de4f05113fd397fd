import { describe, expect, test } from 'vitest';
import { entryText } from '../../e2e/harness/wire.ts';
import { useRig } from './rig.ts';

const rig = useRig({});

describe('[C1] a task on a version-1 host', () => {
  test('execute says what was asked for; started, events, completed', async () => {
    const host = await rig.host();
    const body = {
      prompt: 'write "haiku"\nüber 雪',
      cwd: '/srv/other',
      model: 'm1',
      env: { COLOUR: 'blue' },
      timeout: 60_000,
      metadata: { ticket: 7 },
    };
    const { id } = await rig.api.createTask({ ...body, hostId: host.hostId });
    const { task } = await host.next('task:execute', id);
    expect(task).toEqual({ taskId: id, agentType: 'opencode', ...body });
    expect(await rig.api.task(id)).toMatchObject({ status: 'assigned', attempt: 1, hostId: host.hostId });

    host.started(id, 'ses_1');
    host.event(id, 'one');
    host.event(id, 'two');
    host.completed(id, { success: true, exitCode: 0, output: 'done', duration: 12, filesChanged: ['a.txt'] });
    const done = await rig.api.untilStatus(id, 'completed');
    expect(done).toMatchObject({
      sessionId: 'ses_1',
      attempt: 1,
      hostId: host.hostId,
      envNames: ['COLOUR'],
      result: { success: true, exitCode: 0, output: 'done', duration: 12, filesChanged: ['a.txt'] },
    });
    expect(done.error).toBeUndefined();
    const log = await rig.api.finishedLog(id);
    expect(log.slice(-5).map(entryText)).toEqual(['[assigned]', '[running]', 'one', 'two', '[completed]']);
    expect(log.map((entry) => entry.seq)).toEqual(log.map((_, index) => index + 1));
    expect(await rig.api.host(host.hostId)).toMatchObject({ status: 'online', activeTasks: [] });
  });

  test("an absent cwd is the host's own", async () => {
    const host = await rig.host({ cwd: '/home/agent/project' });
    const { id } = await rig.api.createTask({ prompt: 'p', hostId: host.hostId });
    expect((await host.next('task:execute', id)).task.cwd).toBe('/home/agent/project');
    expect((await rig.api.task(id)).cwd).toBe('/home/agent/project');
  });

  test('while it runs the host is busy and names it', async () => {
    const host = await rig.host();
    const id = await rig.running(host);
    expect(await rig.api.host(host.hostId)).toMatchObject({ status: 'busy', activeTasks: [id] });
  });

  test('task:failed: failed with the message and details', async () => {
    const host = await rig.host();
    const id = await rig.running(host);
    host.event(id, 'before the crash');
    host.failed(id, 'agent crashed', { stderr: 'segfault' });
    const task = await rig.api.untilStatus(id, 'failed');
    expect(task.error?.message).toContain('agent crashed');
    expect(JSON.stringify(task.error?.details)).toContain('segfault');
  });

  test('completed with success: false: failed, agent_failed, result kept', async () => {
    const host = await rig.host();
    const id = await rig.running(host);
    const result = { success: false, exitCode: 3, output: 'no luck' };
    host.completed(id, result);
    expect(await rig.api.untilStatus(id, 'failed')).toMatchObject({ error: { code: 'agent_failed' }, result });
  });

  test('a terminal frame without started counts', async () => {
    const host = await rig.host();
    const first = await rig.assigned(host);
    host.completed(first, { success: true, output: 'quick' });
    expect(await rig.api.untilStatus(first, 'completed')).toMatchObject({ result: { output: 'quick' } });
    const second = await rig.assigned(host);
    host.failed(second, 'no such agent');
    await rig.api.untilStatus(second, 'failed');
  });

  test('a repeated started only updates sessionId', async () => {
    const host = await rig.host();
    const id = await rig.running(host);
    const { startedAt } = await rig.api.task(id);
    host.started(id, 'ses_late');
    const task = await rig.api.untilTask('has its session', id, (each) => each.sessionId === 'ses_late');
    expect(task).toMatchObject({ status: 'running', attempt: 1, startedAt });
    host.completed(id);
    const log = await rig.api.finishedLog(id);
    expect(log.filter((entry) => 'status' in entry && entry.status === 'running')).toHaveLength(1);
  });

  test('input reaches the host while its task runs, and only then', async () => {
    const host = await rig.host();
    const id = await rig.assigned(host);
    host.started(id);
    await rig.api.untilStatus(id, 'running');
    expect(await rig.api.input(id, 'yes, go on')).toBe(202);
    expect(await host.next('task:input', id)).toEqual({ type: 'task:input', taskId: id, content: 'yes, go on' });
    host.completed(id);
    await rig.api.untilStatus(id, 'completed');
    expect(await rig.api.input(id, 'too late')).toBe(409);
  });

  test('[L7] never more than maxConcurrent; the next goes out when one ends', async () => {
    const host = await rig.host({ maxConcurrent: 1 });
    const first = await rig.running(host);
    const { id: second } = await rig.api.createTask({ prompt: 'next', hostId: host.hostId });
    const waiting = await rig.api.untilTask('says why it waits', second, (task) => task.waiting !== undefined);
    expect(waiting).toMatchObject({ status: 'queued', attempt: 0, waiting: { reason: 'all_hosts_busy' } });
    await rig.settled(host);
    expect(host.inbox.untaken).toEqual([]);
    host.completed(first);
    await host.next('task:execute', second);
  });
});

describe('[C1] abort', () => {
  test('of a running task: task:abort, and failed ends it aborted', async () => {
    const host = await rig.host();
    const id = await rig.running(host);
    expect(await rig.api.abort(id)).toBe(202);
    expect(await host.next('task:abort', id)).toEqual({ type: 'task:abort', taskId: id });
    expect(await rig.api.abort(id)).toBe(202);
    host.failed(id, 'stopped as told');
    expect(await rig.api.untilStatus(id, 'aborted')).toMatchObject({ error: { code: 'aborted' } });
    expect(await rig.api.abort(id)).toBe(409);
  });

  test('whatever the host says later: a late result is kept, the task is aborted', async () => {
    const host = await rig.host();
    const id = await rig.running(host);
    expect(await rig.api.abort(id)).toBe(202);
    await host.next('task:abort', id);
    host.completed(id, { success: true, output: 'finished anyway' });
    expect(await rig.api.untilStatus(id, 'aborted')).toMatchObject({ result: { output: 'finished anyway' } });
  });

  test('of an assigned task that has not started', async () => {
    const host = await rig.host();
    const id = await rig.assigned(host);
    expect(await rig.api.abort(id)).toBe(202);
    await host.next('task:abort', id);
    host.failed(id, 'never begun');
    await rig.api.untilStatus(id, 'aborted');
  });

  test('of a queued task: aborted, and no host ever sees it', async () => {
    const hostId = rig.name();
    const { id } = await rig.api.createTask({ prompt: 'never', hostId });
    expect(await rig.api.abort(id)).toBe(202);
    await rig.api.untilStatus(id, 'aborted');
    const host = await rig.host({}, hostId);
    await rig.settled(host);
    expect(host.inbox.all.some((frame) => frame.type === 'task:execute')).toBe(false);
  });
});

describe('[C1] frames about a task that is not its own', () => {
  test('unknown task: dropped and answered with one task:abort', async () => {
    const host = await rig.host();
    const own = await rig.running(host);
    host.event('no-such-task', 'hello?');
    expect(await host.next('task:abort')).toEqual({ type: 'task:abort', taskId: 'no-such-task' });
    await rig.settled(host);
    expect(host.inbox.untaken).toEqual([]);
    host.completed(own);
    await rig.api.untilStatus(own, 'completed');
  });

  test("another host's task: dropped, answered with task:abort, the task untouched", async () => {
    const owner = await rig.host();
    const stranger = await rig.host();
    const id = await rig.running(owner);
    stranger.event(id, 'forged');
    await stranger.next('task:abort', id);
    stranger.completed(id, { success: true, output: 'forged' });
    await rig.settled(stranger);
    expect((await rig.api.task(id)).status).toBe('running');
    owner.completed(id, { success: true, output: 'true' });
    expect(await rig.api.untilStatus(id, 'completed')).toMatchObject({ result: { output: 'true' } });
    expect((await rig.api.finishedLog(id)).map(entryText)).not.toContain('forged');
  });

  test('frames after the end change nothing', async () => {
    const host = await rig.host();
    const id = await rig.running(host);
    host.completed(id, { success: true, output: 'first' });
    await rig.api.untilStatus(id, 'completed');
    host.event(id, 'afterwards');
    host.failed(id, 'second thoughts');
    await host.next('task:abort', id);
    await rig.settled(host);
    expect(await rig.api.task(id)).toMatchObject({ status: 'completed', result: { output: 'first' } });
    expect((await rig.api.finishedLog(id)).map(entryText)).not.toContain('afterwards');
  });
});
