/**
 * The working set of one pool: active tasks, hosts, who waits and what is due. Pure: a decision changes it in memory and
 * stages what is to be stored and sent; a decision that fails is rolled back whole.
 */
import type { Approval } from '../../shared/approval.ts';
import type { ServerSettings } from '../../shared/settings.ts';
import { hostDue, taskDue } from './deadlines.ts';
import { type DueKey, DueQueue } from './due-queue.ts';
import { HostLoads } from './host-loads.ts';
import type { Candidate } from './placement.ts';
import type { BodyPatch, Nudge, Owed } from './pool-effects.ts';
import { isReachable, type PoolHost } from './pool-host.ts';
import { holdsSlot, isActive, type PoolTask, sessionOf } from './pool-task.ts';
import { WaitingIndex } from './waiting-index.ts';

/** What a decision changed, for the store and for the effects after the commit. */
export interface Staged {
  tasks: Map<string, PoolTask>;
  hosts: Map<string, PoolHost>;
  removedHosts: Set<string>;
  bodies: Map<string, BodyPatch>;
  /** By task, in order; null: all of that task's are forgotten. */
  approvals: { taskId: string; approval: Approval | null }[];
  owed: Owed[];
  nudges: Nudge[];
  /** Inputs that the host has, or that nobody wants any more. */
  settledInputs: { taskId: string; inputId?: string }[];
}

/** Looks up what is not in the working set; null for what is not there. */
export interface Stored {
  /** A task that has ended. */
  task(taskId: string): PoolTask | null;
  approval(taskId: string, id: string): Approval | null;
}

type SessionDemand = Pick<PoolTask, 'id' | 'resumeSession'>;

function emptyStage(): Staged {
  return {
    tasks: new Map(),
    hosts: new Map(),
    removedHosts: new Set(),
    bodies: new Map(),
    approvals: [],
    owed: [],
    nudges: [],
    settledInputs: [],
  };
}

export class Pool {
  readonly settings: ServerSettings;
  readonly waiting = new WaitingIndex();
  readonly #due = new DueQueue();
  readonly #active = new Map<string, PoolTask>();
  readonly #hosts = new Map<string, PoolHost>();
  readonly #loads = new HostLoads();
  /** Hosts that may have a slot to offer: all others need not be looked at. */
  readonly #open = new Map<string, PoolHost>();
  #notBefore = 0;
  readonly #stored: Stored;
  #undo: (() => void)[] = [];
  #staged: Staged = emptyStage();

  constructor(settings: ServerSettings, stored: Stored) {
    this.settings = settings;
    this.#stored = stored;
  }

  /** Deadlines that depend on hosts are not judged earlier. */
  get notBefore(): number {
    return this.#notBefore;
  }

  /** The server was away: nobody is judged before `moment` (rule 1). */
  judgeNobodyBefore(moment: number): void {
    this.#notBefore = moment;
    for (const taskId of this.#active.keys()) this.#watchTask(taskId);
    for (const hostId of this.#hosts.keys()) this.#watchHost(hostId);
  }

  /** Puts a stored task or host into the working set, as it is. */
  load(tasks: Iterable<PoolTask>, hosts: Iterable<PoolHost>): void {
    for (const host of hosts) this.#placeHost(host.hostId, host);
    for (const task of tasks) this.#place(task.id, task);
  }

  /** When the earliest deadline is, or null. */
  earliestDue(): number | null {
    return this.#due.earliest();
  }

  /** Keys of the tasks and hosts that are due; they are no longer watched until they change or `watchAgain`. */
  takeDue(now: number): DueKey[] {
    const keys = this.#due.takeDue(now);
    this.#undo.push(() => this.watchAgain(keys));
    return keys;
  }

  watchAgain(keys: readonly DueKey[]): void {
    for (const { kind, id } of keys) {
      if (kind === 'host') this.#watchHost(id);
      else this.#watchTask(id);
    }
  }

  /** A task that has not ended. */
  activeTask(taskId: string): PoolTask | null {
    return this.#active.get(taskId) ?? null;
  }

  task(taskId: string): PoolTask | null {
    return this.#active.get(taskId) ?? this.#staged.tasks.get(taskId) ?? this.#stored.task(taskId);
  }

  approval(taskId: string, id: string): Approval | null {
    const staged = this.#staged.approvals.findLast(
      ({ taskId: of, approval }) => of === taskId && (approval === null || approval.id === id),
    );
    return staged === undefined ? this.#stored.approval(taskId, id) : staged.approval;
  }

  host(hostId: string): PoolHost | null {
    return this.#hosts.get(hostId) ?? null;
  }

  activeTasks(): IterableIterator<PoolTask> {
    return this.#active.values();
  }

  hosts(): IterableIterator<PoolHost> {
    return this.#hosts.values();
  }

  /** The tasks that hold a slot of the host. */
  tasksOf(hostId: string): PoolTask[] {
    return this.#loads.tasks(hostId).filter(holdsSlot);
  }

  /** Waiting tasks whose last offer the host may still be running: nobody has told it to stop. */
  shadowsOf(hostId: string): PoolTask[] {
    return this.#loads.tasks(hostId).filter((task) => !holdsSlot(task));
  }

  *candidates(task: SessionDemand): Generator<Candidate> {
    for (const host of this.#hosts.values()) yield this.#candidate(host, task);
  }

  get hasOpenHosts(): boolean {
    return this.#open.size > 0;
  }

  /** Every host that `pickHost` could take for the task, and some that it will not. */
  *openCandidates(task: SessionDemand & Pick<PoolTask, 'wantedHost'>): Generator<Candidate> {
    if (task.wantedHost === undefined) for (const host of this.#open.values()) yield this.#candidate(host, task);
    else {
      const host = this.#open.get(task.wantedHost);
      if (host !== undefined) yield this.#candidate(host, task);
    }
  }

  putTask(task: PoolTask): void {
    const before = this.#active.get(task.id) ?? null;
    this.#undo.push(() => this.#place(task.id, before));
    this.#place(task.id, task);
    this.#staged.tasks.set(task.id, task);
  }

  putHost(host: PoolHost): void {
    const before = this.#hosts.get(host.hostId) ?? null;
    this.#undo.push(() => this.#placeHost(host.hostId, before));
    this.#placeHost(host.hostId, host);
    this.#staged.hosts.set(host.hostId, host);
    this.#staged.removedHosts.delete(host.hostId);
  }

  removeHost(hostId: string): void {
    const before = this.#hosts.get(hostId) ?? null;
    this.#undo.push(() => this.#placeHost(hostId, before));
    this.#placeHost(hostId, null);
    this.#staged.hosts.delete(hostId);
    this.#staged.removedHosts.add(hostId);
  }

  owe(owed: Owed): void {
    this.#staged.owed.push(owed);
  }

  nudge(nudge: Nudge): void {
    this.#staged.nudges.push(nudge);
  }

  settleInput(taskId: string, inputId?: string): void {
    this.#staged.settledInputs.push(inputId === undefined ? { taskId } : { taskId, inputId });
  }

  putApproval(taskId: string, approval: Approval): void {
    this.#staged.approvals.push({ taskId, approval });
  }

  dropApprovals(taskId: string): void {
    this.#staged.approvals.push({ taskId, approval: null });
  }

  patchBody(taskId: string, patch: BodyPatch): void {
    this.#staged.bodies.set(taskId, { ...this.#staged.bodies.get(taskId), ...patch });
  }

  /** Takes what the decision staged; the decision can still be rolled back until `accept`. */
  staged(): Staged {
    return this.#staged;
  }

  accept(): void {
    this.#undo = [];
    this.#staged = emptyStage();
  }

  rollback(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.accept();
  }

  #place(taskId: string, task: PoolTask | null): void {
    const before = this.#active.get(taskId) ?? null;
    if (before !== null) {
      this.waiting.remove(before);
      this.#loads.remove(before);
    }
    if (task === null || !isActive(task)) this.#active.delete(taskId);
    else {
      this.#active.set(taskId, task);
      this.#loads.add(task);
      if (task.status === 'queued') this.waiting.add(task);
    }
    this.#watchTask(taskId);
    for (const hostId of new Set([before?.hostId, task?.hostId])) if (hostId !== undefined) this.#watchHost(hostId);
  }

  #placeHost(hostId: string, host: PoolHost | null): void {
    if (host === null) this.#hosts.delete(hostId);
    else this.#hosts.set(hostId, host);
    this.#watchHost(hostId);
    for (const task of this.tasksOf(hostId)) this.#watchTask(task.id);
  }

  /** A shadow takes a slot as well: the host would be over its capacity if it went on with it (L7). */
  #candidate(host: PoolHost, task: SessionDemand): Candidate {
    const candidate = { host, active: this.#loads.active(host.hostId) };
    if (task.resumeSession === undefined) return candidate;
    const others = this.#loads.tasks(host.hostId).filter(({ id }) => id !== task.id);
    return { ...candidate, sessionBusy: others.some((other) => sessionOf(other) === task.resumeSession) };
  }

  #watchTask(taskId: string): void {
    const task = this.#active.get(taskId);
    const host = task?.hostId === undefined ? null : this.host(task.hostId);
    const due = task === undefined ? null : taskDue(task, host, this.settings, this.#notBefore);
    this.#due.set({ kind: 'task', id: taskId }, due?.at ?? null);
  }

  #watchHost(hostId: string): void {
    const host = this.host(hostId);
    const slots = this.#loads.slots(hostId);
    const due = host === null ? null : hostDue(host, slots > 0, this.settings, this.#notBefore);
    this.#due.set({ kind: 'host', id: hostId }, due?.at ?? null);
    if (host !== null && isReachable(host) && slots < host.capabilities.maxConcurrent) this.#open.set(hostId, host);
    else this.#open.delete(hostId);
  }
}
