/**
 * Every limit of the public contract and of the wire, each with its unit and reason.
 * Sizes are UTF-8 bytes. What an operator may change stands in `settings.ts` instead.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** One HTTP body. Room for the largest prompt, escaped. */
export const MAX_BODY_BYTES = 1 * MIB;
/** One WebSocket frame, either way. The same as a body: what fits over HTTP fits on the wire. */
export const MAX_FRAME_BYTES = 1 * MIB;
/** Kept free in a `task:execute` frame for what the server adds to a task: its id, attempt, directory and time limit. */
export const EXECUTE_ENVELOPE_BYTES = 32 * KIB;
/** A task's prompt: half a frame, so that most prompts fit even with escapes. */
export const MAX_PROMPT_BYTES = 512 * KIB;
/** ms for which an interactive agent waits for the next input unless the task says `idleTimeout`: an hour, like an approval. */
export const DEFAULT_INPUT_WAIT_MS = 60 * 60 * 1000;
/** ms; an agent may think for seconds without a word, so a shorter `idleTimeout` would only strike by mistake. */
export const MIN_IDLE_TIMEOUT_MS = 1000;
/** Id of an approval; a UUID or a tool call's id. */
export const MAX_APPROVAL_ID_BYTES = 64;
/** A text of an approval's action. The host cuts longer ones; three of them stay within one event. */
export const MAX_APPROVAL_TEXT_BYTES = 16 * KIB;
/** Paths of an approval's action: what a person reads before saying yes. */
export const MAX_APPROVAL_PATHS = 50;
/** Questions of one attempt that wait for an answer; one more is denied at once. Agents ask one at a time, or a few. */
export const MAX_PENDING_APPROVALS = 32;
/** Approvals of one attempt that are kept while it runs, oldest dropped first; its log has them all. */
export const MAX_KEPT_APPROVALS = 100;
/** ms for an answer where the task does not say. */
export const DEFAULT_APPROVAL_TIMEOUT_MS = 60 * 60 * 1000;
export const MIN_APPROVAL_TIMEOUT_MS = 1000;
export const MAX_APPROVAL_TIMEOUT_MS = 30 * 24 * 60 * 60 * 1000;
/** A task's metadata as JSON. */
export const MAX_METADATA_BYTES = 64 * KIB;
/** Environment variables of a task: how many, and names and values together. */
export const MAX_ENV_NAMES = 64;
export const MAX_ENV_BYTES = 32 * KIB;
/** Labels of a task or host. */
export const MAX_LABELS = 32;
/** Agents that one host announces. */
export const MAX_AGENTS = 64;
/** Names: agents, models, labels, host names, environment names, idempotency keys. */
export const MAX_NAME_BYTES = 128;
/** A directory; the longest path that Linux takes. */
export const MAX_PATH_BYTES = 4096;
/** Levels of nesting in JSON that a stranger shapes; writers recurse, and stacks end at some thousands. */
export const MAX_JSON_DEPTH = 100;
/** One agent event as JSON; a longer one is cut and marked by the gateway. */
export const MAX_EVENT_BYTES = 64 * KIB;
/** `TaskResult.output` and failure details: the last so many bytes. */
export const MAX_OUTPUT_BYTES = 64 * KIB;
/** `TaskResult.diff`: whole lines that fit; with output, paths and details at their longest the terminal frame stays below `MAX_FRAME_BYTES`. */
export const MAX_DIFF_BYTES = 256 * KIB;
/** Paths in `TaskResult.filesChanged`; keeps a terminal frame well below `MAX_FRAME_BYTES`. */
export const MAX_FILES_CHANGED = 2000;
/** The log of one task; beyond it events are dropped and counted by one marker. */
export const MAX_LOG_BYTES = 64 * MIB;
/** What `POST …/input` takes at once; a line typed by a person or a pasted file. */
export const MAX_INPUT_BYTES = 64 * KIB;
/** Inputs of one task that wait for its host. */
export const MAX_PENDING_INPUTS = 100;
/** A failure's one-line message. */
export const MAX_ERROR_BYTES = 8 * KIB;
/** Unsettled runs of a host, all named in its `register`: 1,000 of the longest stay below half a frame. */
export const MAX_REPORTED_RUNS = 1000;
/**
 * Attempts that `retry` of a task may ask for. Each failed one stays beside the task; ten bound what that takes, and whom
 * ten do not help a person has to.
 */
export const MAX_RETRY_ATTEMPTS = 10;
/** Shortest wait before a retry: less than an agent needs to start would only spin. */
export const MIN_RETRY_BACKOFF_MS = 100;
/** The first wait where `retry` names none: what was merely overloaded has often recovered by then. */
export const DEFAULT_RETRY_BACKOFF_MS = 10_000;
/** Longest wait before a retry, also after doubling: an hour outlasts most outages, and somebody may be waiting. */
export const MAX_RETRY_BACKOFF_MS = 60 * 60 * 1000;
/**
 * Of a failed attempt that is kept beside its task: of each of message, details, output and names of files so many bytes. Its log
 * holds more; escaped, the most of them and one largest result still fit a row of SQLite, 2 MB.
 */
export const MAX_KEPT_FAILURE_BYTES = 4 * KIB;
/** Events in one `task:events` frame. */
export const MAX_BATCH_EVENTS = 1000;
/** Bytes of events in one `task:events` frame, before its envelope; leaves room below `MAX_FRAME_BYTES`. */
export const MAX_BATCH_BYTES = 256 * KIB;
/** Bytes that a gateway may have sent and not yet seen acknowledged, over all tasks of a connection. */
export const MAX_UNACKED_BYTES = 2 * MIB;
/** Bytes that HostDO holds unstored for one socket before it closes it with `CLOSE.OVERLOADED`. */
export const MAX_UNSTORED_BYTES = 8 * MIB;

/** Live streams of one task, and of one token: a page open on every screen of a large team, and what a client that never closes them can hold. */
export const MAX_WATCHERS_PER_TASK = 2000;
export const MAX_STREAMS_PER_TOKEN = 1000;

/** Page sizes of the API. */
export const DEFAULT_TASK_PAGE = 50;
export const MAX_TASK_PAGE = 200;
export const DEFAULT_LOG_PAGE = 500;
export const MAX_LOG_PAGE = 5000;
/** A page's bodies together; a page may hold fewer items than asked for. Far below the 32 MiB of one RPC. */
export const MAX_PAGE_BYTES = 4 * MIB;

/** `Idempotency-Key` is remembered for a day: longer than any client retries. */
export const IDEMPOTENCY_TTL_MS = 24 * 60 * 60 * 1000;
/** Longest task time limit: 30 days. A larger one is a mistake in units. */
export const MAX_TASK_TIMEOUT_MS = 30 * 24 * 60 * 60 * 1000;
/** Most retries of an agent that could not be spawned: more would only hide that it is not there. */
export const MAX_SPAWN_RETRIES = 100;
/** How much longer than the task's limit the server waits for the host's own `task:failed`. */
export const TIMEOUT_SLACK_MS = 10_000;
/** How long a host may stay silent after `task:abort` before the server ends the task itself. */
export const ABORT_SLACK_MS = 10_000;
/** Offers of one task that never reached `running` before it ends as `start_failed`. */
export const MAX_UNSTARTED_OFFERS = 10;
/** TERM to KILL of an agent's process tree. */
export const KILL_GRACE_MS = 5_000;
/** Clock skew allowed when a token's `nbf` or `iat` is judged; `exp` has none: a token is dead when it says so. */
export const TOKEN_SKEW_SECONDS = 60;
/** Host token made by `POST /api/hosts/:id/tokens` without `expiresIn`: 90 days. */
export const DEFAULT_TOKEN_SECONDS = 90 * 24 * 60 * 60;
/** Longest `expiresIn`: ten years. */
export const MAX_TOKEN_SECONDS = 10 * 365 * 24 * 60 * 60;
/** A token; claims of the longest names stay below it. */
export const MAX_TOKEN_BYTES = 8 * KIB;
/** A host's token is renewed when this part of its life is over: a third is left for whatever keeps host or server away. */
export const RENEW_AFTER = 2 / 3;
/** ms for which an enrolment code is good: long enough to walk to the machine, short enough for one left in a chat. */
export const ENROLMENT_TTL_MS = 10 * 60 * 1000;
/** Unused enrolment codes of a pool at a time; more than an admin sets up in ten minutes. */
export const MAX_OPEN_ENROLMENTS = 1000;
/** Tokens that one token may revoke one by one, so that a stolen one cannot use up what others need; who has more to revoke rotates the secret. */
export const MAX_REVOKED_TOKENS = 10_000;
/** Page sizes of the audit. */
export const DEFAULT_AUDIT_PAGE = 100;
export const MAX_AUDIT_PAGE = 1000;
/** Audit entries of a pool, some 300 bytes each; beyond it the oldest go before their time. */
export const MAX_AUDIT_ENTRIES = 1_000_000;
/** Entries that one page looks at: some milliseconds, in which nothing else of the object happens. */
export const MAX_AUDIT_SCAN = 20_000;
/** Refused calls that are recorded of one token in a minute; the server's log says when there were more. */
export const MAX_REFUSALS_RECORDED = 60;
/** Lines of the server's log about refused calls of one address or token in a minute: enough to see who it is, too few to fill a disk. */
export const MAX_REFUSALS_LOGGED = 60;
/** Hosts that a token may be narrowed to by their ids; beyond some dozens a label says it better, and a header has its bounds. */
export const MAX_SCOPE_HOSTS = 64;
/** Shortest usable `JWT_SECRET`: HS256 wants a key as long as its hash. */
export const MIN_SECRET_BYTES = 32;
/** More replacements of one host's connection than this within the window: the newcomer gets 429. */
export const MAX_REPLACEMENTS = 3;
export const REPLACEMENT_WINDOW_MS = 60_000;
/** An alarm that fires later than this after its due time means that the server was away. */
export const LATE_ALARM_MS = 5_000;
