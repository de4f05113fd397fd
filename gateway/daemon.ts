import { setTimeout as delay } from 'node:timers/promises';
import { FEATURES, TOKEN_RENEWAL } from '../shared/features.ts';
import type { GatewayConfig } from '../shared/host.ts';
import { MAX_REPORTED_RUNS } from '../shared/limits.ts';
import type { RegisterV2 } from '../shared/protocol/register.ts';
import type { ExitMode } from './config/flags.ts';
import type { DaemonConfig } from './config/load.ts';
import { HostToken } from './connection/host-token.ts';
import { keepConnected } from './connection/reconnect.ts';
import { runSession, type SessionHooks } from './connection/session.ts';
import { TaskWork } from './connection/task-work.ts';
import { EXIT } from './exit-codes.ts';
import { log } from './logger.ts';
import { withoutInput } from './policy/agent-table.ts';
import { checkTask, type Policy } from './policy/check-task.ts';
import { availableBytes, DiskWatch } from './runs/disk-watch.ts';
import { Lanes } from './runs/lanes.ts';
import { reattach } from './runs/reattach.ts';
import { RunManager } from './runs/run-manager.ts';
import { WarmAgents } from './runs/warm-agents.ts';
import { WorktreeKeeper } from './runs/worktree-keeper.ts';
import { DEFAULT_RUNTIME } from './runtime-settings.ts';
import { finishRuns } from './shutdown.ts';

/** ms between two looks for settled runs and work trees that have become old; well below the age itself. */
const TIDY_MS = 5 * 60 * 1000;
const MINUTE_MS = 60 * 1000;
/** ms between two looks whether the disk is full; what waits for it looks every second. */
const DISK_LOOK_MS = 2_000;

export interface DaemonDeps {
  config: DaemonConfig;
  policy: Policy;
  version: string;
  exitMode: ExitMode;
  /** Aborted when the daemon is told to end. */
  stop: AbortSignal;
}

/** Wires everything and runs until told to end or refused. Resolves to the exit code. */
export async function runDaemon({ config, policy, version, exitMode, stop }: DaemonDeps): Promise<number> {
  let runtime: GatewayConfig = DEFAULT_RUNTIME;
  let work: TaskWork | null = null;
  const lanes = new Lanes();
  const token = new HostToken(config);
  const { count, minutes } = config.warm;
  const warm = new WarmAgents(config.stateDir, count);
  const manager = new RunManager({
    stateDir: config.stateDir,
    setup: config.worktree.setup && { command: config.worktree.setup, timeoutMs: config.worktree.setupTimeoutMs },
    keepWarm: count === 0 ? null : { count, ms: minutes * MINUTE_MS },
    warm,
    maxConcurrent: config.maxConcurrent,
    check: (task) => checkTask(task, policy),
    limits: () => runtime,
    now: () => Date.now(),
    onChange: (run) => work?.changed(run),
  });

  const registration = async (): Promise<RegisterV2> => {
    // What an earlier connection began must be on disk, or it would be missing from the list.
    await lanes.idle();
    // What runs is named first: a run that goes unnamed counts as lost.
    const { store } = manager;
    const owed = store
      .owed()
      .toSorted((a, b) => Number(b.result === null) - Number(a.result === null))
      .slice(0, MAX_REPORTED_RUNS);
    const { hostName, cwd, maxConcurrent, labels } = config;
    return {
      type: 'register',
      hostId: config.hostId,
      capabilities: { name: hostName, agents: [...policy.agents.keys()], maxConcurrent, cwd, labels },
      protocol: 2,
      version,
      features: [...FEATURES, ...(config.isEnrolled ? [TOKEN_RENEWAL] : [])],
      withoutInput: withoutInput(policy.agents),
      instance: config.instance,
      runs: await Promise.all(owed.map((run) => run.report())),
    };
  };

  const hooks: SessionHooks = {
    registration,
    begin(uplink, registered) {
      const agents = [...policy.agents.keys()].join(', ') || 'no agent';
      log.info('registered as {hostId}, offers {agents}', { hostId: config.hostId, agents, protocol: uplink.protocol });
      work = new TaskWork(uplink, { manager, lanes, now: () => performance.now() });
      work.start(registered);
      return work;
    },
    heartbeatInterval(registered) {
      if ('settings' in registered) runtime = { ...runtime, heartbeatInterval: registered.settings.heartbeatInterval };
      return runtime.heartbeatInterval;
    },
    configure({ config: update }) {
      runtime = { ...runtime, ...update };
      log.info('configuration from the server', { ...update });
      return update.heartbeatInterval ?? null;
    },
    renewed: (message) => token.renew(message),
  };

  await reattach(manager, config.stateDir);
  await warm.trim();
  const worktrees = new WorktreeKeeper({
    stateDir: config.stateDir,
    env: policy.environment,
    ...config.worktree,
    inUse: () => manager.worktreesInUse(),
    now: Date.now,
  });
  let tidied = worktrees.tidy();
  const tidying = setInterval(() => {
    void manager.kept.prune();
    tidied = tidied.then(() => worktrees.tidy());
  }, TIDY_MS);
  const disk = new DiskWatch({
    available: () => availableBytes(config.stateDir),
    makeRoom: () => manager.kept.clear(),
    onChange(isFull) {
      if (isFull)
        log.error(
          'the disk of {stateDir} is full: events and results wait there ({count} runs at work), and new tasks are refused; make room',
          { stateDir: config.stateDir, count: manager.store.active().length },
        );
      else log.info('the disk of {stateDir} has room again', { stateDir: config.stateDir });
    },
  });
  const looking = setInterval(() => void disk.look(), DISK_LOOK_MS);
  const hangUp = new AbortController();
  const connection = keepConnected(
    {
      connect(signal) {
        log.info('connecting to {serverUrl}', { serverUrl: config.serverUrl });
        return runSession(
          { serverUrl: config.serverUrl, hostId: config.hostId, token: token.current() },
          hooks,
          signal,
        );
      },
      onRetry(message, delayMs) {
        log.warn('disconnected: {reason}; next attempt in {delayMs} ms', { reason: message, delayMs });
      },
      random: Math.random,
    },
    hangUp.signal,
  );
  const told = new Promise<null>((resolve) => {
    if (stop.aborted) resolve(null);
    stop.addEventListener('abort', () => resolve(null), { once: true });
  });
  const fate = await Promise.race([connection, told]);

  if (fate !== null) log.error('giving up: {reason}', { reason: fate.message, hostId: config.hostId });
  manager.draining = true;
  // What was accepted before must be among the runs that are waited for or ended.
  await lanes.idle();
  await warm.end();
  await finishRuns(manager, { exitMode, connected: fate === null, delay });
  hangUp.abort();
  await connection;
  clearInterval(tidying);
  clearInterval(looking);
  await manager.close();
  if (fate === null) return EXIT.OK;
  return fate.why === 'refused' ? EXIT.REFUSED : EXIT.REPLACED;
}
