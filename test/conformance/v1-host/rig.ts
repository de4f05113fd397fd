import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { Api } from '../../e2e/harness/api.ts';
import type { Server } from '../../e2e/harness/server.ts';
import { untilTrue } from '../../e2e/harness/wait.ts';
import { entryText } from '../../e2e/harness/wire.ts';
import { World } from '../../e2e/harness/world.ts';
import { type Capabilities, V1Host, violations } from './host.ts';

/** A server with hosts of version 1 around it. */
export interface Rig {
  readonly server: Server;
  readonly api: Api;
  /** A host id that no other test uses. */
  name(prefix?: string): string;
  /** A connection that has not registered yet. */
  connect(hostId?: string): Promise<V1Host>;
  /** A registered host. */
  host(capabilities?: Partial<Capabilities>, hostId?: string): Promise<V1Host>;
  /** A task for this host, handed to it: `task:execute` has arrived. */
  assigned(host: V1Host, body?: Record<string, unknown>): Promise<string>;
  /** The same, and running. */
  running(host: V1Host, body?: Record<string, unknown>): Promise<string>;
  /** Resolves when the task's log holds this text. */
  logged(id: string, text: string): Promise<void>;
  /** Resolves when everything that the server had to say to this host before has arrived there. */
  settled(host: V1Host): Promise<void>;
}

/** One server for the file; every test ends by expecting that no host received anything outside version 1. */
export function useRig(settings: Record<string, string>): Rig {
  const world = new World();
  const hosts: V1Host[] = [];
  let server: Server | undefined;
  let api: Api | undefined;
  let barrier = 100_000;

  beforeAll(async () => {
    server = await world.server(settings);
    api = server.api();
  });
  afterEach(() => {
    expect(violations.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    for (const host of hosts) void host.cut();
    await world.close();
  });

  const rig: Rig = {
    get server() {
      if (server === undefined) throw new Error('the server has not started');
      return server;
    },
    get api() {
      if (api === undefined) throw new Error('the server has not started');
      return api;
    },
    name: (prefix = 'v1') => world.name(prefix),
    async connect(hostId = rig.name()) {
      const host = await V1Host.connect({
        url: rig.server.webSocketUrl,
        hostId,
        token: rig.server.hostToken(hostId),
      });
      hosts.push(host);
      return host;
    },
    async host(capabilities = {}, hostId = rig.name()) {
      const host = await rig.connect(hostId);
      expect(await host.register(capabilities)).toEqual({ type: 'registered', ok: true });
      return host;
    },
    async assigned(host, body = {}) {
      const { id } = await rig.api.createTask({ prompt: 'do it', hostId: host.hostId, ...body });
      await host.next('task:execute', id);
      return id;
    },
    async running(host, body = {}) {
      const id = await rig.assigned(host, body);
      host.started(id);
      await rig.api.untilStatus(id, 'running');
      return id;
    },
    logged: (id, text) =>
      untilTrue(`"${text}" in the log of ${id}`, async () => (await rig.api.log(id)).map(entryText).includes(text)),
    async settled(host) {
      barrier += 1;
      const reply = await rig.api.configure(host.hostId, { taskTimeout: barrier });
      expect(reply.status).toBe(200);
      for (;;) {
        const { config } = await host.next('config:update');
        if (config.taskTimeout === barrier) return;
      }
    },
  };
  return rig;
}
