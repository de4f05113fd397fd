import { expect, test } from 'vitest';
import { type ApprovalNote, approvalNoteOf } from '../../../shared/approval.ts';
import { MAX_APPROVAL_PATHS, MAX_APPROVAL_TEXT_BYTES, MAX_EVENT_BYTES } from '../../../shared/limits.ts';

const ASKED: ApprovalNote = {
  state: 'asked',
  id: 'perm-1',
  action: { tool: 'bash', title: 'rm -rf build', command: 'rm -rf build' },
  options: ['allow', 'deny'],
};

test('a note is read from the data of an event', () => {
  expect(approvalNoteOf({ data: { approval: ASKED } })).toEqual(ASKED);
  expect(approvalNoteOf({ data: { approval: { state: 'closed', id: 'perm-1' } } })).toMatchObject({ state: 'closed' });
});

test.each([
  ['no data', {}],
  ['data of another kind', { data: { input: 'undelivered' } }],
  ['no id', { data: { approval: { ...ASKED, id: '' } } }],
  ['an id that is none in a URL', { data: { approval: { ...ASKED, id: 'a/b' } } }],
  ['no options', { data: { approval: { ...ASKED, options: [] } } }],
  ['text alone', { data: 'approval' }],
])('there is none with %s', (_title, event) => {
  expect(approvalNoteOf(event)).toBeNull();
});

test('the largest action fits into an event', () => {
  const text = 'x'.repeat(MAX_APPROVAL_TEXT_BYTES);
  const paths = Array.from({ length: MAX_APPROVAL_PATHS }, () => 'p');
  const action = { tool: 'edit', title: 'edit', command: text, diff: text, paths };
  const bytes = JSON.stringify({ approval: { ...ASKED, action } }).length;
  expect(approvalNoteOf({ data: { approval: { ...ASKED, action } } })).not.toBeNull();
  expect(bytes).toBeLessThan(MAX_EVENT_BYTES);
});
