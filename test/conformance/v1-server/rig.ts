import { afterAll, afterEach, beforeEach, expect } from 'vitest';
import type { Daemon, DaemonOptions } from '../../e2e/harness/daemon.ts';
import { World } from '../../e2e/harness/world.ts';
import { V1Server } from './server.ts';

export interface Rig {
  readonly world: World;
  /** A fresh one for each test. */
  readonly server: V1Server;
  /** Our daemon, pointed at the server. */
  daemon(options?: Partial<DaemonOptions>): Daemon;
}

/** A fresh version-1 server per test; every test ends by expecting that it received nothing outside version 1. */
export function useRig(): Rig {
  const world = new World();
  const daemons: Daemon[] = [];
  let server: V1Server | undefined;

  beforeEach(async () => {
    server = await V1Server.start();
  });
  afterEach(async () => {
    const violations = server?.violations ?? [];
    for (const daemon of daemons.splice(0)) await daemon.child.killTree();
    await server?.stop();
    expect(violations).toEqual([]);
  });
  afterAll(() => world.close());

  const rig: Rig = {
    world,
    get server() {
      if (server === undefined) throw new Error('the server has not started');
      return server;
    },
    daemon(options = {}) {
      const hostId = options.hostId ?? world.name('gateway');
      const daemon = world.daemon({ serverUrl: rig.server.url, token: 'any-token', ...options, hostId });
      daemons.push(daemon);
      return daemon;
    },
  };
  return rig;
}
