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
}

/** `unknown`: no such code, used up, expired, or for another host. */
export type Redeemed = { kind: 'ok'; tokenSeconds: number } | { kind: 'unknown' };

export interface AccessApi {
  isRevoked(tokenId: string): Promise<boolean>;
  /** False when the pool has `MAX_REVOKED_TOKENS` already. */
  revoke(tokenId: string): Promise<boolean>;
  /** False when too many codes are open. */
  openEnrolment(order: EnrolmentOrder): Promise<boolean>;
  /** The host that an open code is for, null for any; undefined when there is no such code. */
  enrolmentHost(hash: string): Promise<string | null | undefined>;
  /** Uses the code up; a repeat with the same `requestId` gives the same answer. */
  redeem(hash: string, hostId: string, requestId: string): Promise<Redeemed>;
  record(record: AuditRecord): Promise<void>;
  audit(query: AuditQuery): Promise<AuditPage>;
}
