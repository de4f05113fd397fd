import { join } from 'node:path';
import type { Daemon } from '../e2e/harness/daemon.ts';
import { REPOSITORY } from '../e2e/harness/repository.ts';
import type { Server } from '../e2e/harness/server.ts';
import type { World } from '../e2e/harness/world.ts';
import { FaultyLink } from './link.ts';
import { createRecords } from './records.ts';

export const HOSTS = 3;
export const MAX_CONCURRENT = 2;
export const AGENT = 'books';
export const MAX_ATTEMPTS = 3;

/** The contract's own times, some ten times shorter: as many faults fit into the run. */
const SETTINGS = {
  HEARTBEAT_INTERVAL_MS: '1000',
  HEARTBEAT_TIMEOUT_MS: '3000',
  RECONNECT_GRACE_MS: '8000',
  START_TIMEOUT_MS: '3000',
  MAX_ATTEMPTS: String(MAX_ATTEMPTS),
};

export interface ChaosHost {
  daemon: Daemon;
  link: FaultyLink;
}

/** What the faults hit: one server, and hosts that reach it through a link each. */
export interface Site {
  server: Server;
  hosts: readonly ChaosHost[];
  /** Directory of the agents' own records. */
  records: string;
  /** What went wrong that no fault explains. */
  complaints: string[];
}

/** Resolves when the server shows every host online. */
export async function startSite(world: World): Promise<Site> {
  const server = await world.server(SETTINGS);
  const records = world.directory('records');
  createRecords(records);
  const agents = {
    [AGENT]: { protocol: 'text', command: [process.execPath, join(REPOSITORY, 'test/chaos/agent.ts')] },
  };
  const hosts = await Promise.all(
    Array.from({ length: HOSTS }, async (_, index) => {
      const link = await FaultyLink.open(Number(new URL(server.url).port));
      world.onClose(() => link.close());
      const hostId = `host-${index + 1}`;
      const daemon = world.daemon({
        serverUrl: `ws://127.0.0.1:${link.port}`,
        hostId,
        token: server.hostToken(hostId),
        maxConcurrent: MAX_CONCURRENT,
        agents,
      });
      await server.api().untilHost(hostId, 'online');
      return { daemon, link };
    }),
  );
  return { server, hosts, records, complaints: [] };
}
