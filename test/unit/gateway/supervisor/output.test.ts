import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { driverFor } from '../../../../gateway/agents/registry.ts';
import { EventFile } from '../../../../gateway/supervisor/event-file.ts';
import { readStdout } from '../../../../gateway/supervisor/output.ts';
import { AMPLE_ROOM, eventsOf, openWorkshop, until, type Workshop } from '../../../support/runs.ts';

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.close());

const delta = (content: string) => `${JSON.stringify({ type: 'message', role: 'assistant', content, delta: true })}\n`;

it('what a driver joins comes out while the agent says nothing more, and all of it at the end', async () => {
  const request = await shop.request(['x'], { agent: { protocol: 'gemini', command: ['x'] } });
  const run = await shop.run(request);
  const events = await EventFile.create(run.file('EVENTS'), AMPLE_ROOM);
  const stdout = new PassThrough();
  const driver = driverFor(request, join(run.path, 'tmp'));
  const reading = readStdout(stdout, { events, driver, now: () => performance.now(), onSession: async () => {} });
  stdout.write(delta('be') + delta('gun'));
  await until('what waited', async () => (await eventsOf(run)).length > 0);
  stdout.end(delta('end'));
  await reading.done;
  await events.close(0);
  expect((await eventsOf(run)).map(({ content }) => content)).toEqual(['begun', 'end']);
});
