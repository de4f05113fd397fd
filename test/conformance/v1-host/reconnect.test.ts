import { describe, expect, test } from 'vitest';
import { entryText } from '../../e2e/harness/wire.ts';
import { useRig } from './rig.ts';

// A grace that never ends within a test.
const rig = useRig({ RECONNECT_GRACE_MS: '600000' });

describe('[L8] a flap is not a death', () => {
  test('[C1] reconnect within the grace: the task stays, events go on, no second execute', async () => {
    const agents = [rig.name('agent')];
    const [agentType] = agents;
    const host = await rig.host({ agents });
    const id = await rig.running(host, { agentType, hostId: undefined });
    host.event(id, 'one');
    await rig.logged(id, 'one');
    const idle = await rig.host({ agents });
    await host.cut();
    await rig.api.untilHost(host.hostId, 'offline');
    expect(await rig.api.task(id)).toMatchObject({ status: 'running', attempt: 1, hostId: host.hostId });

    const back = await rig.host({ agents }, host.hostId);
    back.event(id, 'two');
    back.completed(id, { success: true });
    expect(await rig.api.untilStatus(id, 'completed')).toMatchObject({ attempt: 1, hostId: host.hostId });
    await rig.settled(back);
    await rig.settled(idle);
    for (const each of [back, idle]) {
      expect(each.inbox.all.filter((frame) => frame.type === 'task:execute')).toEqual([]);
    }
    const texts = (await rig.api.finishedLog(id)).map(entryText);
    expect(texts.filter((text) => text === 'one' || text === 'two')).toEqual(['one', 'two']);
  });

  test('[L2] replaced by its own newer connection: the task goes on there', async () => {
    const host = await rig.host();
    const id = await rig.running(host);
    const newer = await rig.host({}, host.hostId);
    newer.event(id, 'from the newer');
    newer.completed(id);
    expect(await rig.api.untilStatus(id, 'completed')).toMatchObject({ attempt: 1 });
    expect((await rig.api.finishedLog(id)).map(entryText)).toContain('from the newer');
  });

  test('[C1] abort while the host is offline: aborted at once, and stopped when it returns', async () => {
    const host = await rig.host();
    const id = await rig.running(host);
    await host.cut();
    await rig.api.untilHost(host.hostId, 'offline');
    expect(await rig.api.abort(id)).toBe(202);
    await rig.api.untilStatus(id, 'aborted', 5_000);
    const back = await rig.host({}, host.hostId);
    back.event(id, 'still at it');
    expect(await back.next('task:abort', id)).toEqual({ type: 'task:abort', taskId: id });
    expect((await rig.api.task(id)).status).toBe('aborted');
  });

  test('[C1] an offline host gets no new work, and what waits for it says so', async () => {
    const host = await rig.host();
    await host.close();
    await rig.api.untilHost(host.hostId, 'offline');
    const { id } = await rig.api.createTask({ prompt: 'wait', hostId: host.hostId });
    const task = await rig.api.untilTask('says why it waits', id, (each) => each.waiting !== undefined);
    expect(task).toMatchObject({ status: 'queued', attempt: 0, waiting: { reason: 'host_offline' } });
    const back = await rig.host({}, host.hostId);
    await back.next('task:execute', id);
  });
});
