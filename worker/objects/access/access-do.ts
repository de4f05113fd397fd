import { DurableObject } from 'cloudflare:workers';
import { z } from 'zod';
import type { AuditPage, AuditQuery, AuditRecord } from '../../../shared/api/access.ts';
import { DAY_MS } from '../../../shared/clock.ts';
import { CLOSE } from '../../../shared/close-codes.ts';
import { ERROR_STATUS } from '../../../shared/errors.ts';
import { MAX_OPEN_ENROLMENTS, MAX_REVOKED_TOKENS, MAX_STREAMS_PER_TOKEN } from '../../../shared/limits.ts';
import { parseServerSettings } from '../../../shared/settings.ts';
import { nameSchema } from '../../../shared/task.ts';
import type { Env } from '../../env.ts';
import type { AccessApi, EnrolmentOrder, OpenEnrolment, Redeemed } from '../../rpc-access.ts';
import { ACCESS_MIGRATIONS } from '../../store/access-schema.ts';
import { AccessStore, type StoredEnrolment } from '../../store/access-store.ts';
import { migrate } from '../../store/migrate.ts';
import { GroupCommit } from '../group-commit.ts';

/** ms between two looks for what is past its time. */
const TIDY_MS = DAY_MS;

const guardSchema = z.object({ token: nameSchema.optional(), sub: nameSchema.optional() });

function tagOf(tokenId: string): string {
  return `token/${tokenId}`;
}

/**
 * One per pool: which tokens are revoked, which codes are open, and the record of who did what. Every call waits for its word on a
 * token: whatever else it does is short.
 */
export class AccessDO extends DurableObject<Env> implements AccessApi {
  readonly #store: AccessStore;
  readonly #keepMs: number;
  /** Many calls at once are recorded by one flush. */
  readonly #commits: GroupCommit;
  #isArmed = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#keepMs = parseServerSettings(env).AUDIT_RETENTION_DAYS * DAY_MS;
    migrate(ctx.storage, ACCESS_MIGRATIONS);
    this.#store = new AccessStore(ctx.storage.sql);
    this.#commits = new GroupCommit(ctx.storage);
  }

  async isRevoked(tokenId: string): Promise<boolean> {
    return this.#store.isRevoked(tokenId);
  }

  async revoke(tokenId: string, by: string): Promise<boolean> {
    if (this.#store.isRevoked(tokenId)) return true;
    if (this.#store.revokedBy(by) >= MAX_REVOKED_TOKENS) return false;
    this.#store.revoke(tokenId, by, Date.now());
    for (const socket of this.#guards(tagOf(tokenId))) socket.close(CLOSE.UNAUTHENTICATED, 'token revoked');
    return true;
  }

  /**
   * `/guard?token=<id>` with an upgrade: a socket that is closed with 4401 when the token is revoked, at once if it is. `?sub=` in its place for a
   * token without an id. 429 when there are `MAX_STREAMS_PER_TOKEN` of it.
   */
  override async fetch(request: Request): Promise<Response> {
    const query = guardSchema.safeParse(Object.fromEntries(new URL(request.url).searchParams));
    if (!query.success) return new Response(null, { status: ERROR_STATUS.invalid_request });
    const { token, sub } = query.data;
    const tag = token === undefined ? `sub/${sub}` : tagOf(token);
    if (this.#guards(tag).length >= MAX_STREAMS_PER_TOKEN)
      return new Response(null, { status: ERROR_STATUS.rate_limited });
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [tag]);
    if (token !== undefined && this.#store.isRevoked(token)) server.close(CLOSE.UNAUTHENTICATED, 'token revoked');
    return new Response(null, { status: 101, webSocket: client });
  }

  /** A guard has nothing to say. */
  override webSocketMessage(): void {}

  /** A close that is not answered leaves the peer waiting. */
  override webSocketClose(socket: WebSocket): void {
    socket.close(CLOSE.NORMAL);
  }

  async openEnrolment(order: EnrolmentOrder): Promise<boolean> {
    this.#store.dropExpired(Date.now());
    if (this.#store.enrolment(order.hash) === null && this.#store.openEnrolments() >= MAX_OPEN_ENROLMENTS) return false;
    this.#store.openEnrolment(order);
    return true;
  }

  async enrolment(hash: string): Promise<OpenEnrolment | null> {
    const enrolment = this.#open(hash);
    return enrolment === null ? null : { hostId: enrolment.hostId, tokenSeconds: enrolment.tokenSeconds };
  }

  async redeem(hash: string, hostId: string, until: number, requestId: string): Promise<Redeemed> {
    const enrolment = this.#open(hash, requestId);
    if (enrolment === null || (enrolment.hostId ?? hostId) !== hostId) return { kind: 'unknown' };
    const isFirst = enrolment.usedBy === null;
    if (isFirst && enrolment.hostId === null && this.#store.isTaken(hostId, Date.now())) return { kind: 'taken' };
    this.#store.useEnrolment(hash, requestId);
    this.#store.noteHost(hostId, until);
    return { kind: 'ok' };
  }

  async noteHost(hostId: string, until: number): Promise<void> {
    this.#store.noteHost(hostId, until);
  }

  async forgetHost(hostId: string): Promise<void> {
    this.#store.forgetHost(hostId);
  }

  async record(record: AuditRecord): Promise<void> {
    await this.#arm();
    await this.#commits.run(() => this.#store.record(record));
  }

  async audit(query: AuditQuery): Promise<AuditPage> {
    const { entries, nextCursor } = this.#store.entries(query);
    return { entries, nextCursor: nextCursor === null ? null : String(nextCursor) };
  }

  override async alarm(): Promise<void> {
    this.#isArmed = false;
    this.#store.dropEntriesBefore(Date.now() - this.#keepMs);
    if (this.#store.hasEntries()) await this.#arm();
  }

  /** A closed one stays listed for a while. */
  #guards(tag: string): WebSocket[] {
    return this.ctx.getWebSockets(tag).filter(({ readyState }) => readyState === WebSocket.OPEN);
  }

  #open(hash: string, requestId: string | null = null): StoredEnrolment | null {
    const enrolment = this.#store.enrolment(hash);
    if (enrolment === null || enrolment.expiresAt <= Date.now()) return null;
    if (this.#store.isRevoked(enrolment.madeBy)) return null;
    return enrolment.usedBy === null || enrolment.usedBy === requestId ? enrolment : null;
  }

  /** Before the first entry, so that none is left without an alarm. */
  async #arm(): Promise<void> {
    if (this.#isArmed) return;
    const { storage } = this.ctx;
    if ((await storage.getAlarm()) === null) await storage.setAlarm(Date.now() + TIDY_MS);
    this.#isArmed = true;
  }
}
