import { BenchClient } from './client.ts';
import { BenchHost, type Offer } from './host.ts';
import { percentile } from './statistics.ts';
import type { Target } from './target.ts';

/** How much is done. Each part is bounded by time, so that a slow machine measures less instead of longer. */
export interface Load {
  /** ms for each of the four parts, after its warm-up. */
  partMs: number;
  /** Tasks before the first part is counted: code is compiled, tables are made. */
  warmUp: number;
  /** Requests of the life-cycle part under way at once. */
  clients: number;
  hosts: number;
}

/** One target's figures; times in ms. */
export interface Figures {
  dispatchP50: number;
  dispatchP99: number;
  lifecyclesPerSecond: number;
  eventsPerSecond: number;
  eventDelayP50: number;
}

const TASK = { prompt: 'a prompt of an ordinary length, which asks for a small change in one file of a repository' };
const LINE = 'a line of output as agents print them, some hundred characters long, with a path /src/index.ts in it';
/** Events in one frame, and frames sent ahead of their acknowledgement: what a busy gateway has under way. */
const BATCH = 64;
const WINDOW = 8;
/** ms between two single events: 200 a second, a lively agent. */
const PACE_MS = 5;
/** From the POST to `task:execute` at the host, one task at a time. */
async function dispatch(target: Target, { partMs, warmUp }: Load): Promise<number[]> {
  const client = new BenchClient(target);
  let arrived: (at: number) => void = () => undefined;
  let settle: () => void = () => undefined;
  const host = await BenchHost.connect(target, 'dispatch', 'dispatch', {
    onExecute(offer, self) {
      arrived(offer.at);
      self.started(offer);
      self.completed(offer);
    },
    onSettled: () => settle(),
  });
  const times: number[] = [];
  let end = Number.POSITIVE_INFINITY;
  for (let index = 0; performance.now() < end; index += 1) {
    if (index === warmUp) end = performance.now() + partMs;
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const execute = new Promise<number>((resolve) => {
      arrived = resolve;
    });
    const from = performance.now();
    const created = client.create({ ...TASK, agentType: 'dispatch' });
    const at = await execute;
    if (index >= warmUp) times.push(at - from);
    await Promise.all([created, settled]);
  }
  host.close();
  client.close();
  return times;
}

/** Whole lives of tasks a second: created, executed, started, completed, settled. */
async function lifecycles(target: Target, load: Load): Promise<number> {
  const client = new BenchClient(target);
  let created = 0;
  let settled = 0;
  let onSettled: () => void = () => undefined;
  const handlers = {
    onExecute(offer: Offer, self: BenchHost) {
      self.started(offer);
      self.completed(offer);
    },
    onSettled() {
      settled += 1;
      onSettled();
    },
  };
  const hosts = await Promise.all(
    Array.from({ length: load.hosts }, (_, index) => BenchHost.connect(target, `life-${index}`, 'life', handlers)),
  );
  const from = performance.now();
  const work = async () => {
    while (performance.now() < from + load.partMs) {
      await client.create({ ...TASK, agentType: 'life' });
      created += 1;
    }
  };
  await Promise.all(Array.from({ length: load.clients }, work));
  await new Promise<void>((resolve) => {
    onSettled = () => {
      if (settled === created) resolve();
    };
    onSettled();
  });
  const seconds = (performance.now() - from) / 1000;
  for (const host of hosts) host.close();
  client.close();
  return settled / seconds;
}

/** A task that runs at a host of its own and has a watcher. */
async function watched(target: Target, part: string, onEvent: (content: string, at: number) => void) {
  const client = new BenchClient(target);
  let onAck: (seq: number) => void = () => undefined;
  let offered: (offer: Offer) => void = () => undefined;
  let settle: () => void = () => undefined;
  const offer = new Promise<Offer>((resolve) => {
    offered = resolve;
  });
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const host = await BenchHost.connect(target, part, part, {
    onExecute: (each) => offered(each),
    onAck: (_taskId, seq) => onAck(seq),
    onSettled: () => settle(),
  });
  const taskId = await client.create({ ...TASK, agentType: part });
  const run = await offer;
  host.started(run);
  const watcher = await client.watch(taskId, onEvent);
  return {
    host,
    run,
    onAck: (handler: (seq: number) => void) => {
      onAck = handler;
    },
    async end(lastSeq: number) {
      host.completed(run, lastSeq);
      await settled;
      watcher.close();
      host.close();
      client.close();
    },
  };
}

/** Events a second from one host to one watcher, in full batches with a window of unacknowledged ones. */
async function throughput(target: Target, { partMs }: Load): Promise<number> {
  let sent = 0;
  let acked = 0;
  let seen = 0;
  let onSeen: () => void = () => undefined;
  const task = await watched(target, 'stream', () => {
    seen += 1;
    onSeen();
  });
  const contents = Array.from({ length: BATCH }, () => LINE);
  const from = performance.now();
  const pump = () => {
    while (performance.now() < from + partMs && sent - acked < BATCH * WINDOW) {
      task.host.events(task.run, sent + 1, contents);
      sent += BATCH;
    }
  };
  task.onAck((seq) => {
    acked = Math.max(acked, seq);
    pump();
  });
  pump();
  await new Promise<void>((resolve) => {
    onSeen = () => {
      if (seen === sent && performance.now() >= from + partMs) resolve();
    };
    // Whatever was under way when the time was up has arrived soon after; look once more then.
    setTimeout(onSeen, partMs);
  });
  const seconds = (performance.now() - from) / 1000;
  await task.end(sent);
  return seen / seconds;
}

/** From the host's frame to the watcher's, single events at a steady pace. */
async function delays(target: Target, { partMs }: Load): Promise<number[]> {
  const count = Math.ceil(partMs / PACE_MS);
  const sentAt = new Map<string, number>();
  const times: number[] = [];
  let allSeen: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    allSeen = resolve;
  });
  const task = await watched(target, 'live', (content, at) => {
    const from = sentAt.get(content);
    if (from !== undefined) times.push(at - from);
    if (times.length === count) allSeen();
  });
  let seq = 0;
  const timer = setInterval(() => {
    seq += 1;
    const content = `${LINE} ${seq}`;
    sentAt.set(content, performance.now());
    task.host.events(task.run, seq, [content]);
    if (seq === count) clearInterval(timer);
  }, PACE_MS);
  await done;
  await task.end(count);
  return times;
}

/** Everything, one part after another, so that no part disturbs the next. */
export async function measure(target: Target, load: Load): Promise<Figures> {
  const dispatched = await dispatch(target, load);
  const lifecyclesPerSecond = await lifecycles(target, load);
  const eventsPerSecond = await throughput(target, load);
  const delayed = await delays(target, load);
  return {
    dispatchP50: percentile(dispatched, 50),
    dispatchP99: percentile(dispatched, 99),
    lifecyclesPerSecond,
    eventsPerSecond,
    eventDelayP50: percentile(delayed, 50),
  };
}
