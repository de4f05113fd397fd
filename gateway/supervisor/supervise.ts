import { dirname } from 'node:path';
import { resultOf } from '../domain/outcome.ts';
import { redactFacts } from '../domain/redact-facts.ts';
import { redactorOf } from '../domain/redactor.ts';
import { replaceFile, untilRoom } from '../runs/durable.ts';
import { type ResultFile, type RunRequest, secretsOf } from '../runs/files.ts';
import type { RunDirectory } from '../runs/run-directory.ts';
import { Approvals } from './approvals.ts';
import { claimRun } from './claim.ts';
import { conduct } from './conduct.ts';
import { followControl } from './control.ts';
import type { EndRequest } from './end.ts';
import { EventFile } from './event-file.ts';
import { HostRoom } from './host-room.ts';
import { InputQueue } from './input.ts';
import type { KeptAgent } from './kept-agent.ts';
import { RedactedEvents } from './redacted-events.ts';
import { endWhenRemoved } from './removal-watch.ts';

export interface Job {
  run: RunDirectory;
  request: RunRequest;
}

/**
 * Runs one run from its request to its result, and returns when the result is durable. Does nothing when the run has had a
 * supervisor or has a result. `end` ends it early. `kept`: the agent that is to run it; it returns the one that is free afterwards,
 * if any. Rejects when the directory cannot be written; no agent is left then.
 */
export async function supervise(
  { run, request }: Job,
  end: EndRequest,
  now: () => number,
  kept: KeptAgent | null,
): Promise<KeptAgent | null> {
  // A supervisor that came up very late may find that the daemon has given the run up.
  if (!(await claimRun(run)) || (await run.result()) !== null) return kept;
  const room = new HostRoom(dirname(run.path), () => performance.now());
  await room.look();
  const redactor = redactorOf(secretsOf(request));
  const events = new RedactedEvents(await EventFile.create(run.file('EVENTS'), room), redactor, () =>
    performance.now(),
  );
  const approvals = new Approvals({
    rules: request.rules,
    redactor,
    wish: request.task.permissions ?? 'auto',
    timeoutMs: request.task.approvalTimeout,
    tell: (event) => events.appendAlways(event),
    now,
  });
  const inputs = new InputQueue();
  const control = await followControl(run.file('CONTROL'), (line) => {
    if (line.kind === 'abort') end.request(line.reason);
    else if (line.kind === 'approval') approvals.decided(line.approvalId, line.decision);
    else if (line.kind === 'finish') inputs.say((ear) => ear.finish());
    else inputs.say((ear) => ear.input(line.content));
  });
  await control.drain();
  const stopWatching = endWhenRemoved(run, end);
  try {
    const conducted = await conduct(request, { run, end, events, approvals, inputs, kept, now });
    const lastSeq = await events.close(now());
    const outcome = resultOf(redactFacts(redactor, conducted.facts));
    const result: ResultFile = { lastSeq, finishedAt: now(), ...outcome };
    await untilRoom(() => replaceFile(run.file('RESULT'), JSON.stringify(result)));
    return conducted.kept;
  } finally {
    stopWatching();
    await control.close();
  }
}
