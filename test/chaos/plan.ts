/** Which faults hit what, and when. Pure: the same seed and length always give the same plan. */
import fc from 'fast-check';

/** Kinds that hit one host, each with how often it is drawn and how long it lasts at least and at most, ms. */
export const HOST_FAULTS = {
  /** Every connection is reset, new ones are refused. */
  cut: { weight: 4, holdMs: [100, 5_000] },
  /** Bytes vanish both ways, nothing is closed; what is connected stays so afterwards. */
  'half-open': { weight: 3, holdMs: [500, 7_000] },
  /** Bytes trickle. */
  slow: { weight: 2, holdMs: [1_000, 4_000] },
  /** The daemon loses a connection that the server still has: the next one replaces it, and old bytes come late. */
  doubled: { weight: 2, holdMs: [500, 4_000] },
  /** The daemon is stopped with SIGSTOP for longer than the heartbeat timeout. */
  frozen: { weight: 2, holdMs: [3_500, 6_000] },
  /** `kill -9` of the daemon alone, started again later. */
  'daemon-kill': { weight: 4, holdMs: [50, 3_000] },
  /** The same, for longer than a lost host's grace. */
  'daemon-away': { weight: 1, holdMs: [12_000, 14_000] },
  /** SIGTERM and another start, as an upgrade does. */
  'daemon-restart': { weight: 2, holdMs: [50, 500] },
} as const satisfies Record<string, FaultSpec>;

/** Kinds that hit one run of a host. */
export const RUN_FAULTS = {
  /** `kill -9` of one supervisor. */
  'supervisor-kill': { weight: 1, holdMs: [0, 0] },
  /** `kill -9` of one agent's own process. */
  'agent-kill': { weight: 1, holdMs: [0, 0] },
} as const satisfies Record<string, FaultSpec>;

/** Kinds that hit the server. */
export const SERVER_FAULTS = {
  /** `kill -9` of all its processes. */
  'server-kill': { weight: 3, holdMs: [50, 4_000] },
  /** SIGTERM and another start. */
  'server-restart': { weight: 1, holdMs: [50, 500] },
} as const satisfies Record<string, FaultSpec>;

interface FaultSpec {
  weight: number;
  holdMs: readonly [number, number];
}

export type HostFault = keyof typeof HOST_FAULTS;
export type RunFault = keyof typeof RUN_FAULTS;
export type ServerFault = keyof typeof SERVER_FAULTS;
export type FaultKind = HostFault | RunFault | ServerFault;
export const FAULT_KINDS: readonly FaultKind[] = [
  ...keysOf(HOST_FAULTS),
  ...keysOf(RUN_FAULTS),
  ...keysOf(SERVER_FAULTS),
];

export interface Step<Kind extends FaultKind> {
  kind: Kind;
  /** ms of quiet on this target before it. */
  afterMs: number;
  /** ms until it is mended. */
  holdMs: number;
  /** In [0, 1): which of the candidates, where there are several. */
  pick: number;
}

export interface Plan {
  /** One sequence per host: a host has one fault of its own at a time, several hosts have theirs at once. */
  hosts: Step<HostFault>[][];
  /** One sequence per host, beside the host's own. */
  runs: Step<RunFault>[][];
  server: Step<ServerFault>[];
  /** Seed of the tasks that are handed out. */
  tasks: number;
}

/** ms of quiet between two faults of one host. A connection counts as good, and ends the backoff, after 5 s. */
const HOST_REST_MS = [2_000, 9_000] as const;
/** The same between two kills on one host: most tasks are spared. */
const RUN_REST_MS = [8_000, 18_000] as const;
/** The same of the server, which is everyone's fault at once. */
const SERVER_REST_MS = [8_000, 20_000] as const;
const PICKS = 1_000;

function keysOf<Key extends string>(record: Record<Key, unknown>): Key[] {
  const keys: Key[] = [];
  for (const key in record) keys.push(key);
  return keys;
}

function stepOf<Kind extends FaultKind>(
  specs: Readonly<Record<Kind, FaultSpec>>,
  [restMin, restMax]: readonly [number, number],
): fc.Arbitrary<Step<Kind>> {
  const kinds = keysOf(specs).flatMap((kind) => Array.from({ length: specs[kind].weight }, () => kind));
  return fc.noBias(
    fc.constantFrom(...kinds).chain((kind) =>
      fc.record({
        kind: fc.constant(kind),
        afterMs: fc.integer({ min: restMin, max: restMax }),
        holdMs: fc.integer({ min: specs[kind].holdMs[0], max: specs[kind].holdMs[1] }),
        pick: fc.integer({ min: 0, max: PICKS - 1 }).map((each) => each / PICKS),
      }),
    ),
  );
}

/** Steps until `ms` are filled. */
function filling<Kind extends FaultKind>(
  specs: Readonly<Record<Kind, FaultSpec>>,
  rest: readonly [number, number],
  seed: number,
  ms: number,
): Step<Kind>[] {
  const most = Math.ceil(ms / rest[0]);
  const steps: Step<Kind>[] = [];
  let used = 0;
  for (const each of fc.sample(stepOf(specs, rest), { seed, numRuns: most })) {
    used += each.afterMs + each.holdMs;
    if (used > ms) break;
    steps.push(each);
  }
  return steps;
}

/** The plan of a run of `seconds` with so many hosts. `seed` is any integer. */
export function drawPlan(seed: number, seconds: number, hosts: number): Plan {
  const ms = seconds * 1_000;
  const [tasks = 0, server = 0, ...seeds] = fc.sample(fc.noBias(fc.integer()), { seed, numRuns: 2 * hosts + 2 });
  return {
    hosts: seeds.slice(0, hosts).map((each) => filling(HOST_FAULTS, HOST_REST_MS, each, ms)),
    runs: seeds.slice(hosts).map((each) => filling(RUN_FAULTS, RUN_REST_MS, each, ms)),
    server: filling(SERVER_FAULTS, SERVER_REST_MS, server, ms),
    tasks,
  };
}
