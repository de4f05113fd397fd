import type { AuditPage, AuditQuery, AuditRecord } from '../shared/api/access.ts';

/** What AccessDO promises the Worker and HostDO; as in `rpc.ts`, every call may be repeated. */

/** An enrolment code as it is kept: by its hash alone. */
export interface EnrolmentOrder {
  hash: string;
  /** The one host that it is for, or null. */
  hostId: string | null;
  /** Life of the token that it is exchanged for, s. */
  tokenSeconds: number;
  /** ms. */
  expiresAt: number;
  /** Token id of who made it: a code does not outlive that. Empty without one. */
  madeBy: string;
}

/**
 * `unknown`: no such code, used up, expired, or its maker's token is revoked. `taken`: it names no host, and somebody has a token for this one.
 */
export type Redeemed = { kind: 'ok' } | { kind: 'unknown' } | { kind: 'taken' };

/** What an open code says. */
export type OpenEnrolment = Pick<EnrolmentOrder, 'hostId' | 'tokenSeconds'>;

export interface AccessApi {
  isRevoked(tokenId: string): Promise<boolean>;
  /** `by`: who revokes. False when they have revoked `MAX_REVOKED_TOKENS` already. */
  revoke(tokenId: string, by: string): Promise<boolean>;
  /** False when too many codes are open. */
  openEnrolment(order: EnrolmentOrder): Promise<boolean>;
  /** Null when there is no such open code. */
  enrolment(hash: string): Promise<OpenEnrolment | null>;
  /** Uses the code up, and notes the host until `until` (ms); a repeat with the same `requestId` gives the same answer. */
  redeem(hash: string, hostId: string, until: number, requestId: string): Promise<Redeemed>;
  /** The server has made a token for this host, good until `until` (ms). */
  noteHost(hostId: string, until: number): Promise<void>;
  /** All tokens of the host are revoked: its open codes are gone, and its name is nobody's. */
  forgetHost(hostId: string): Promise<void>;
  record(record: AuditRecord): Promise<void>;
  audit(query: AuditQuery): Promise<AuditPage>;
}
