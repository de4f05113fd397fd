import { z } from 'zod';
import { recentReplacements } from '../domain/host-replacement.ts';

const connectionSchema = z.object({
  pool: z.string(),
  host_id: z.string(),
  epoch: z.int(),
  announced: z.int(),
  state: z.enum(['open', 'lost', 'closed']),
  replaced_at: z.string().transform((text, context): number[] => {
    const times = z.array(z.number()).safeParse(JSON.parse(text));
    if (times.success) return times.data;
    context.addIssue({ code: 'custom', message: 'is not a list of times' });
    return z.NEVER;
  }),
});

/** The newest registered connection. `lost`: gone, and SchedulerDO has yet to be told. */
export interface Connection {
  pool: string;
  hostId: string;
  epoch: number;
  /** The last epoch that SchedulerDO has accepted: below `epoch` while a registration is on its way, or has failed. */
  announced: number;
  state: 'open' | 'lost' | 'closed';
  replacedAt: number[];
}

/** The connection's row, cached: only this object writes it. */
export class ConnectionStore {
  readonly #sql: SqlStorage;
  #connection: Connection | null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    const [row] = sql.exec('SELECT pool, host_id, epoch, announced, state, replaced_at FROM connection').toArray();
    this.#connection = row === undefined ? null : read(row);
  }

  get(): Connection | null {
    return this.#connection;
  }

  /** 0 before the first registration. */
  epoch(): number {
    return this.#connection?.epoch ?? 0;
  }

  /** A connection registers: returns its epoch, higher than every earlier one. */
  open(pool: string, hostId: string, replaces: boolean, now: number): number {
    const before = this.#connection?.replacedAt ?? [];
    const replacedAt = recentReplacements(replaces ? [...before, now] : before, now);
    const announced = this.#connection?.announced ?? 0;
    const connection: Connection = { pool, hostId, epoch: this.epoch() + 1, announced, state: 'open', replacedAt };
    this.#write(connection);
    return connection.epoch;
  }

  /** SchedulerDO has accepted the registration of the newest epoch; if it is gone again, it has to be told anew. */
  announce(epoch: number): void {
    const connection = this.#connection;
    if (connection?.epoch !== epoch) return;
    this.#write({ ...connection, announced: epoch, state: connection.state === 'closed' ? 'lost' : connection.state });
  }

  /** The connection of this epoch is gone. Returns whether it was the newest one, so that SchedulerDO must hear of it. */
  lose(epoch: number): boolean {
    const connection = this.#connection;
    if (connection === null || connection.epoch !== epoch || connection.state === 'closed') return false;
    if (connection.state === 'open') this.#write({ ...connection, state: 'lost' });
    return true;
  }

  /** SchedulerDO knows that the connection `told` is gone, unless it has accepted it since. */
  close(told: Connection): void {
    const connection = this.#connection;
    if (connection?.epoch !== told.epoch || connection.announced !== told.announced) return;
    if (connection.state === 'lost') this.#write({ ...connection, state: 'closed' });
  }

  /** ms of the last revocation, 0 for none. */
  revokedAt(): number {
    const [row] = this.#sql.exec('SELECT at FROM revocation').toArray();
    return row === undefined ? 0 : z.object({ at: z.number() }).parse(row).at;
  }

  revoke(at: number): void {
    this.#sql.exec('INSERT INTO revocation VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = max(at, excluded.at)', at);
  }

  #write(connection: Connection): void {
    const { pool, hostId, epoch, announced, state, replacedAt } = connection;
    this.#sql.exec(
      `INSERT INTO connection VALUES (1, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET pool = excluded.pool,
        host_id = excluded.host_id, epoch = excluded.epoch, announced = excluded.announced, state = excluded.state,
        replaced_at = excluded.replaced_at`,
      pool,
      hostId,
      epoch,
      announced,
      state,
      JSON.stringify(replacedAt),
    );
    this.#connection = connection;
  }
}

function read(row: unknown): Connection {
  const { host_id, replaced_at, ...rest } = connectionSchema.parse(row);
  return { hostId: host_id, replacedAt: replaced_at, ...rest };
}
