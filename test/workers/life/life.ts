import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { logPageSchema } from '../../../shared/api/log.ts';
import type { LogEntry } from '../../../shared/log-entry.ts';
import { type Task, taskSchema } from '../../../shared/task.ts';
import { logObjectName } from '../../../worker/names.ts';
import { freshPool } from '../host/client.ts';
import { taskView, until } from '../host/pool.ts';
import { cut, type Means } from './cuts.ts';
import { call, Follower } from './follower.ts';
import { Gateway } from './gateway.ts';

export interface Plan {
  protocol: 1 | 2;
  /** Whether the host is there before the task. */
  first: 'host' | 'task';
  ending: 'completed' | 'failed' | 'aborted';
}

export interface Cut {
  /** Index of the step after which it comes. */
  after: number;
  /** At once after the step's call or frame, or when all that it does has come about. */
  timing: 'in flight' | 'at rest';
  means: Means;
}

/** All that anybody gets to see of a task, without times and random ids. */
export interface Outcome {
  task: Partial<Task>;
  log: object[];
  /** What the watchers were sent. */
  watched: Record<'socket' | 'sse', object[]>;
  /** What the host was told. */
  told: string[];
}

interface Step {
  name: string;
  act(): Promise<void> | void;
  /** Resolves once what the step is to bring about has come about. */
  effect(): Promise<unknown>;
}

const ENDS = {
  completed: { type: 'task:completed', result: { success: true, exitCode: 0, output: 'done' } },
  failed: { type: 'task:failed', error: 'it crashed', code: 'agent_crashed' },
  aborted: { type: 'task:failed', error: 'aborted', code: 'aborted' },
} as const;

const nothing = async (): Promise<void> => {};

class Life {
  readonly pool = freshPool();
  readonly #plan: Plan;
  readonly #gateway: Gateway;
  #taskId = '';
  log: string | null = null;
  #socket: Follower | null = null;
  #sse: Follower | null = null;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#gateway = new Gateway(this.pool, plan.protocol);
  }

  steps(): Step[] {
    const gateway = this.#gateway;
    const { protocol, first, ending } = this.#plan;
    const task: Step[] = [
      { name: 'create', act: () => this.#create(), effect: nothing },
      {
        name: 'watch',
        act: () => this.#watch(),
        // The log of a task on its way to a host hears of it together with the host's answer.
        effect: first === 'task' ? () => this.#shown('queued') : nothing,
      },
    ];
    const host: Step[] = [
      { name: 'connect', act: () => gateway.connect(), effect: nothing },
      {
        name: 'register',
        act: () => gateway.register(),
        effect: () => gateway.until(({ registered }) => registered > 0),
      },
    ];
    const ack: Step = { name: 'input:ack', act: () => gateway.ackInput(), effect: nothing };
    const abort: Step = { name: 'abort', act: () => this.#post('abort'), effect: () => this.#told('abort') };
    return [
      ...(first === 'task' ? [...task, ...host] : [...host, ...task]),
      { name: 'execute', act: nothing, effect: () => this.#told('execute') },
      { name: 'started', act: () => gateway.start(), effect: () => this.#shown('running') },
      { name: 'events', act: () => gateway.emit('one', 'two'), effect: () => this.#shown('two') },
      { name: 'input', act: () => this.#post('input', { content: 'yes' }), effect: () => this.#told('input') },
      ...(protocol === 2 ? [ack] : []),
      { name: 'more events', act: () => gateway.emit('three'), effect: () => this.#shown('three') },
      { name: 'last events', act: () => gateway.emit('four', 'five'), effect: () => this.#shown('five') },
      ...(ending === 'aborted' ? [abort] : []),
      { name: 'end', act: () => gateway.finish(ENDS[ending]), effect: () => this.#ended() },
      { name: 'archive', act: () => this.#archive(), effect: nothing },
    ];
  }

  async outcome(): Promise<Outcome> {
    const { id: _, createdAt, startedAt, finishedAt, ...task } = await this.#task();
    if (startedAt === undefined || finishedAt === undefined) throw new Error('a time is missing');
    const page = await call(this.pool, 'GET', `/api/tasks/${this.#taskId}/events`);
    const { events } = logPageSchema.parse(await page.json());
    const watched = { socket: untimed(this.#socket?.entries ?? []), sse: untimed(this.#sse?.entries ?? []) };
    return { task, log: untimed(events), watched, told: this.#gateway.told };
  }

  /** Cuts it short. At rest the host is back before anything else happens: frames of version 1 are lost without a socket. */
  async cut({ means, timing }: Cut): Promise<void> {
    const { connected, registered } = this.#gateway;
    await cut(means, timing, this);
    if (timing === 'in flight' || means.how === 'sleep' || !means.targets.includes('host') || connected === 0) return;
    await this.#gateway.until((now) => now.connected > connected && (registered === 0 || now.registered > registered));
  }

  close(): void {
    this.#gateway.close();
    this.#socket?.close();
    this.#sse?.close();
  }

  async #task(): Promise<Task> {
    return taskSchema.parse(await (await call(this.pool, 'GET', `/api/tasks/${this.#taskId}`)).json());
  }

  async #create(): Promise<void> {
    const body = { prompt: 'do it', agentType: 'opencode', env: { KEY: 'v' }, metadata: { a: 1 } };
    const response = await call(this.pool, 'POST', '/api/tasks', body);
    const { id, createdAt } = taskSchema.parse(await response.json());
    this.#taskId = id;
    this.log = logObjectName(this.pool, id, createdAt);
  }

  #watch(): void {
    this.#socket = new Follower(this.pool, this.#taskId, 'socket');
    this.#sse = new Follower(this.pool, this.#taskId, 'sse');
  }

  async #post(command: 'abort' | 'input', body?: object): Promise<void> {
    const { status } = await call(this.pool, 'POST', `/api/tasks/${this.#taskId}/${command}`, body);
    if (status !== 202) throw new Error(`${command}: ${status}`);
  }

  async #archive(): Promise<void> {
    // A page of its lane may still be on its way: another alarm takes up the rest.
    await until(
      async () => {
        await runDurableObjectAlarm(env.SCHEDULER.getByName(this.pool));
        return taskView(this.pool, this.#taskId);
      },
      ({ archived }) => archived,
    );
  }

  async #shown(line: string): Promise<void> {
    const isShown = ({ story }: Follower): boolean => story.includes(line);
    await Promise.all([this.#socket?.until(isShown), this.#sse?.until(isShown)]);
  }

  #told(what: string): Promise<void> {
    return this.#gateway.until(({ told }) => told.some((line) => line.startsWith(what)));
  }

  async #ended(): Promise<void> {
    if (this.#plan.protocol === 2) await this.#told('settled');
    await Promise.all([this.#socket?.until(({ ended }) => ended), this.#sse?.until(({ ended }) => ended)]);
  }
}

function untimed(entries: readonly LogEntry[]): object[] {
  return entries.map((entry) => ('at' in entry ? { ...entry, at: 0 } : entry));
}

export function stepNames(plan: Plan): string[] {
  return new Life(plan).steps().map(({ name }) => name);
}

/** ms; bounds a hang and names its step, asserts no speed. */
const HANG_MS = 30_000;

async function within(what: string, work: Promise<unknown>): Promise<void> {
  let disarm = (): void => {};
  const hung = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`hangs: ${what}`)), HANG_MS);
    disarm = () => clearTimeout(timer);
  });
  await Promise.race([work, hung]).finally(() => disarm());
}

/** Lives a task's life from its creation to its archive, cut short once or never. */
export async function live(plan: Plan, where: Cut | null = null): Promise<Outcome> {
  const life = new Life(plan);
  try {
    for (const [index, { name, act, effect }] of life.steps().entries()) {
      const isCut = (timing: Cut['timing']): boolean => where?.after === index && where.timing === timing;
      await act();
      if (where !== null && isCut('in flight')) await within(`a cut after ${name}`, life.cut(where));
      await within(name, effect());
      if (where !== null && isCut('at rest')) await within(`a cut after ${name}`, life.cut(where));
    }
    return await life.outcome();
  } finally {
    life.close();
  }
}
