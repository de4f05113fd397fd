import { SELF } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { freshPool, v2Host } from '../host/client.ts';
import { token } from './support.ts';

const RUNS = 25;
const MAX_CALLS = 30;

/** Which pool calls, and whose ids it uses. */
type Side = 0 | 1;

const side = fc.constantFrom<Side>(0, 1);
/** A call about a task or a host; `MARK` stands for the caller's mark, `ID` for an id of the side whose ids are used. */
const callOf = fc.constantFrom<[method: string, path: string, body?: string]>(
  ['POST', '/api/tasks', '{"prompt":"MARK","metadata":{"MARK":"MARK"},"labels":{"MARK":"MARK"}}'],
  ['POST', '/api/tasks', '{"prompt":"MARK","cwd":"/MARK","model":"MARK","env":{"MARK":"MARK"}}'],
  ['POST', '/api/tasks', '{"prompt":"MARK","hostId":"HOST"}'],
  ['POST', '/api/tasks', '{"prompt":"MARK","continueTask":"ID"}'],
  ['GET', '/api/tasks'],
  ['GET', '/api/tasks?limit=1'],
  ['GET', '/api/tasks?cursor=1000000'],
  ['GET', '/api/tasks?hostId=HOST'],
  ['GET', '/api/tasks/ID'],
  ['GET', '/api/tasks/ID/events'],
  ['GET', '/api/tasks/ID/events?after=1&limit=1'],
  ['GET', '/api/tasks/ID/approvals'],
  ['POST', '/api/tasks/ID/approvals/ID', '{"decision":"allow"}'],
  ['POST', '/api/tasks/ID/abort'],
  ['POST', '/api/tasks/ID/input', '{"content":"MARK"}'],
  ['POST', '/api/tasks/ID/finish'],
  ['GET', '/api/hosts'],
  ['GET', '/api/hosts/HOST'],
  ['PATCH', '/api/hosts/HOST/config', '{"maxRetries":2}'],
  ['POST', '/api/enrolments', '{"hostId":"HOST"}'],
  ['DELETE', '/api/tokens/ID'],
  ['GET', '/api/audit'],
  ['GET', '/api/audit?target=ID&limit=1'],
);
const call = fc.record({
  caller: side,
  idsOf: side,
  call: callOf,
  key: fc.option(fc.constantFrom('k1', 'k2')),
  pick: fc.nat(9),
});

interface Tenant {
  pool: string;
  mark: string;
  hostId: string;
  ids: string[];
  authorization: string;
}

/** With a host that has its mark in all it says, and a first task that runs there. */
async function tenant(name: string): Promise<Tenant> {
  const pool = freshPool();
  const mark = `mark-of-${name}-${crypto.randomUUID()}`;
  // Known to the other one, as ids may be: it says nothing.
  const hostId = `host-${crypto.randomUUID()}`;
  const authorization = `Bearer ${await token({ role: 'admin', sub: 'same-sub', pool }, env.JWT_SECRET)}`;
  const capabilities = {
    name: mark,
    agents: ['opencode'],
    maxConcurrent: 1,
    cwd: `/${mark}`,
    labels: { [mark]: mark },
  };
  const host = await v2Host(pool, hostId, { capabilities });
  const tenant: Tenant = { pool, mark, hostId, ids: [], authorization };
  await perform(tenant, tenant, ['POST', '/api/tasks', '{"prompt":"MARK"}'], null, 0);
  const { taskId, attempt } = z
    .object({ task: z.object({ taskId: z.string() }), attempt: z.int() })
    .transform(({ task, attempt: given }) => ({ taskId: task.taskId, attempt: given }))
    .parse(await host.next('task:execute'));
  host.send({ type: 'task:started', taskId, attempt, sessionId: mark });
  const event = { type: 'message', content: mark, data: { [mark]: mark }, timestamp: 1 };
  host.send({ type: 'task:events', taskId, attempt, seq: 1, events: [event] });
  await host.next('task:ack');
  return tenant;
}

/** A task; an enrolment has no id. */
const createdSchema = z.object({ id: z.string().optional() });

async function perform(
  caller: Tenant,
  owner: Tenant,
  [method, path, body]: [method: string, path: string, body?: string],
  key: string | null,
  pick: number,
): Promise<string> {
  const filled = (text: string) =>
    text
      .replaceAll('MARK', caller.mark)
      .replaceAll('HOST', owner.hostId)
      .replaceAll('ID', owner.ids[pick % Math.max(1, owner.ids.length)] ?? 'none');
  const headers = new Headers({ authorization: caller.authorization });
  if (key !== null) headers.set('idempotency-key', key);
  const response = await SELF.fetch(`https://gateway.test${filled(path)}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: filled(body) }),
  });
  const text = await response.text();
  const created = response.status === 201 ? createdSchema.parse(JSON.parse(text)).id : undefined;
  if (created !== undefined && !caller.ids.includes(created)) caller.ids.push(created);
  return `${response.status} ${JSON.stringify([...response.headers])} ${text}`;
}

describe('[L10] two pools, calls at random with each other’s ids', () => {
  it('no byte of the one is in any answer to the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 5, maxLength: MAX_CALLS }), async (calls) => {
        const tenants: [Tenant, Tenant] = [await tenant('a'), await tenant('b')];
        for (const { caller, idsOf, call: what, key, pick } of calls) {
          const [me, owner] = [tenants[caller], tenants[idsOf]];
          const other = tenants[caller === 0 ? 1 : 0];
          const answer = await perform(me, owner, what, key, pick);
          expect(answer).not.toContain(other.mark);
        }
        // Neither has changed what is the other's: the first task of each still runs, as its own pool sees it.
        for (const each of tenants) {
          const touched = calls.some(
            ({ caller, idsOf, call: [method, path] }) =>
              caller === idsOf && tenants[caller] === each && method === 'POST' && path.endsWith('/abort'),
          );
          const seen = await perform(each, each, ['GET', '/api/tasks/ID'], null, 0);
          if (!touched) expect(seen).toContain('"status":"running"');
        }
      }),
      { numRuns: RUNS },
    );
  });
});
