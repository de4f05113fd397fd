import { describe, expect, test } from 'vitest';
import { within } from '../../e2e/harness/wait.ts';
import { entryText } from '../../e2e/harness/wire.ts';
import { useRig } from './rig.ts';

const rig = useRig({
  HEARTBEAT_INTERVAL_MS: '1000',
  HEARTBEAT_TIMEOUT_MS: '4000',
  RECONNECT_GRACE_MS: '1500',
  START_TIMEOUT_MS: '3000',
});

describe('[L6] silence is noticed', () => {
  test('[C1] a host that answers no ping: its socket is closed, it is offline', async () => {
    const host = await rig.host();
    host.muted = true;
    await within('close by the server', host.closed);
    expect(await rig.api.untilHost(host.hostId, 'offline')).toMatchObject({ status: 'offline' });
  });

  test('[C1] half-open: the peer neither reads nor answers', async () => {
    const host = await rig.host();
    host.freeze();
    await rig.api.untilHost(host.hostId, 'offline');
    host.thaw();
    await within('close by the server', host.closed);
  });

  test('[C1] a host that answers pings stays; any frame is a sign of life', async () => {
    const answering = await rig.host();
    const talking = await rig.host();
    const id = await rig.running(talking);
    talking.muted = true;
    const silent = await rig.host();
    silent.muted = true;
    const timer = setInterval(() => talking.event(id, 'alive'), 300);
    try {
      // The silent one's end shows that the timeout has passed for all three.
      await within('close by the server', silent.closed);
      await rig.api.untilHost(silent.hostId, 'offline');
      expect(await rig.api.host(answering.hostId)).toMatchObject({ status: 'online' });
      expect(await rig.api.host(talking.hostId)).toMatchObject({ status: 'busy' });
    } finally {
      clearInterval(timer);
    }
    talking.completed(id);
    await rig.api.untilStatus(id, 'completed');
  });
});

describe('[L8] reassignment', () => {
  test('[C1] after the grace the task of a lost host runs on another', async () => {
    const agents = [rig.name('agent')];
    const [agentType] = agents;
    const lost = await rig.host({ agents });
    const { id } = await rig.api.createTask({ prompt: 'move me', agentType });
    await lost.next('task:execute', id);
    lost.started(id);
    lost.event(id, 'from the first');
    await rig.logged(id, 'from the first');
    const other = await rig.host({ agents });
    await lost.cut();
    expect((await other.next('task:execute', id)).task).toMatchObject({ taskId: id, prompt: 'move me' });
    expect(await rig.api.task(id)).toMatchObject({ attempt: 2, hostId: other.hostId });
    other.started(id);
    other.event(id, 'from the second');

    // The first comes back and speaks of a task that it lost: one abort, nothing in the log.
    const back = await rig.host({ agents }, lost.hostId);
    back.event(id, 'ghost');
    expect(await back.next('task:abort', id)).toEqual({ type: 'task:abort', taskId: id });
    back.completed(id, { success: true, output: 'ghost' });
    await rig.settled(back);

    other.completed(id, { success: true, output: 'second' });
    expect(await rig.api.untilStatus(id, 'completed')).toMatchObject({ attempt: 2, result: { output: 'second' } });
    const texts = (await rig.api.finishedLog(id)).map(entryText);
    expect(texts).toEqual(expect.arrayContaining(['from the first', 'from the second']));
    expect(texts).not.toContain('ghost');
    expect(texts.indexOf('from the first')).toBeLessThan(texts.indexOf('from the second'));
  });

  test('[C1] a silent host loses its task too', async () => {
    const agents = [rig.name('agent')];
    const [agentType] = agents;
    const silent = await rig.host({ agents });
    const id = await rig.running(silent, { agentType, hostId: undefined });
    const other = await rig.host({ agents });
    silent.muted = true;
    await other.next('task:execute', id);
    other.completed(id);
    expect(await rig.api.untilStatus(id, 'completed')).toMatchObject({ hostId: other.hostId, attempt: 2 });
  });

  test('lost MAX_ATTEMPTS times: failed, host_lost', async () => {
    const agents = [rig.name('agent')];
    const [agentType] = agents;
    const { id } = await rig.api.createTask({ prompt: 'unlucky', agentType });
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const host = await rig.host({ agents });
      await host.next('task:execute', id);
      host.started(id);
      await rig.api.untilTask(
        `runs for the ${attempt}. time`,
        id,
        (task) => task.status === 'running' && task.attempt === attempt,
      );
      await host.cut();
    }
    expect(await rig.api.untilStatus(id, 'failed')).toMatchObject({ attempt: 3, error: { code: 'host_lost' } });
  });

  test('[R2] an execute that is never answered is offered elsewhere', async () => {
    const agents = [rig.name('agent')];
    const [agentType] = agents;
    const deaf = await rig.host({ agents });
    const { id } = await rig.api.createTask({ prompt: 'anyone?', agentType });
    await deaf.next('task:execute', id);
    const other = await rig.host({ agents });
    await other.next('task:execute', id);
    await deaf.next('task:abort', id);
    other.completed(id);
    expect(await rig.api.untilStatus(id, 'completed')).toMatchObject({ hostId: other.hostId });
  });

  test('[R2] the only host gets it again on the same socket, after an abort of the earlier attempt', async () => {
    const slow = await rig.host();
    const { id } = await rig.api.createTask({ prompt: 'wake up', hostId: slow.hostId });
    await slow.next('task:execute', id);
    await slow.next('task:abort', id);
    await slow.next('task:execute', id);
    slow.started(id);
    slow.completed(id);
    expect(await rig.api.untilStatus(id, 'completed')).toMatchObject({ attempt: 2, hostId: slow.hostId });
  });
});
