import { describe, expect, test } from 'vitest';
import { approvalListSchema } from '../../../shared/api/approvals.ts';
import type { Approval } from '../../../shared/approval.ts';
import { appWith, bearer, envWith, type Fakes } from './support.ts';

const APPROVAL: Approval = {
  id: 'perm-1',
  attempt: 1,
  status: 'pending',
  action: { tool: 'bash', title: 'rm -rf build' },
  options: ['allow', 'deny'],
  askedAt: 1,
  expiresAt: 2,
};

async function request(scheduler: Fakes['scheduler'], path: string, body?: string): Promise<Response> {
  const headers = new Headers(await bearer({ role: 'client', sub: 'ann' }));
  const init = body === undefined ? { headers } : { method: 'POST', body, headers };
  if (body !== undefined) headers.set('content-type', 'application/json');
  return appWith({ scheduler }).request(`/api/tasks/t1/approvals${path}`, init, envWith());
}

describe('approvals [C2]', () => {
  test('are listed; of an unknown task there are none: 404', async () => {
    const found = await request({ listApprovals: async () => [APPROVAL] }, '');
    expect(approvalListSchema.parse(await found.json())).toEqual({ approvals: [APPROVAL] });
    expect((await request({ listApprovals: async () => null }, '')).status).toBe(404);
  });

  test('a decision is made in the name of the token, and answered with the approval', async () => {
    const asked: unknown[] = [];
    const decideApproval = async (...args: unknown[]) => {
      asked.push(args);
      return { kind: 'decided' as const, approval: { ...APPROVAL, status: 'allowed' as const } };
    };
    const response = await request({ decideApproval }, '/perm-1', '{"decision":"allow"}');
    expect([response.status, await response.json()]).toMatchObject([200, { status: 'allowed' }]);
    expect(asked).toEqual([['t1', 'perm-1', 'allow', 'ann']]);
  });

  test.each([
    ['approval_decided', 409],
    ['not_found', 404],
    ['invalid_request', 400],
  ] as const)('%s: %i', async (code, status) => {
    const decideApproval = async () => ({ kind: 'error' as const, code, message: 'no' });
    const response = await request({ decideApproval }, '/perm-1', '{"decision":"allow"}');
    expect([response.status, await response.json()]).toEqual([status, { error: { code, message: 'no' } }]);
  });

  test('a bad decision names the field; an id that cannot be one does not exist', async () => {
    const response = await request({}, '/perm-1', '{"decision":"maybe"}');
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('decision')]);
    expect((await request({}, '/..%2fx', '{"decision":"allow"}')).status).toBe(404);
  });
});
