import { DurableObject } from 'cloudflare:workers';
import type { GatewayConfig } from '../../../shared/host.ts';
import type { RunRef } from '../../../shared/protocol/run-ref.ts';
import type { Env } from '../../env.ts';
import type { AgentSignal, ExecuteOrder, ExecuteReply, HostForScheduler, HostForWorker, SendReply } from '../../rpc.ts';
import { assemble } from './assemble.ts';
import { noticeLoss, onClose } from './closing.ts';
import * as commands from './commands.ts';
import { onAlarm } from './on-alarm.ts';
import { onFrame } from './on-frame.ts';
import type { HostParts } from './parts.ts';
import { upgrade } from './upgrade.ts';

/**
 * One host's connection. Turns frames into calls, in order, and calls into frames; decides nothing about tasks. All that
 * a socket needs is in its attachment or in SQLite: the object sleeps whenever nothing is on its way.
 */
export class HostDO extends DurableObject<Env> implements HostForScheduler, HostForWorker {
  readonly #parts: HostParts;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#parts = assemble(ctx, env);
    void ctx.blockConcurrencyWhile(async () => {
      await this.#parts.alarm.load();
      noticeLoss(this.#parts);
    });
  }

  override fetch(request: Request): Promise<Response> {
    return upgrade(this.#parts, request);
  }

  override webSocketMessage(ws: WebSocket, data: string | ArrayBuffer): Promise<void> {
    return onFrame(this.#parts, ws, data);
  }

  override webSocketClose(ws: WebSocket, code: number, reason: string): Promise<void> {
    return onClose(this.#parts, ws, code, reason);
  }

  override webSocketError(ws: WebSocket): Promise<void> {
    return onClose(this.#parts, ws, 1006, '');
  }

  override alarm(): Promise<void> {
    return onAlarm(this.#parts);
  }

  async execute(order: ExecuteOrder): Promise<ExecuteReply> {
    return commands.execute(this.#parts, order);
  }

  async abort(run: RunRef): Promise<SendReply> {
    return commands.abort(this.#parts, run);
  }

  async input(run: RunRef, inputId: string, content: string, signal?: AgentSignal): Promise<SendReply> {
    return commands.input(this.#parts, run, inputId, content, signal);
  }

  async release(run: RunRef): Promise<void> {
    commands.release(this.#parts, run);
  }

  async configure(config: Partial<GatewayConfig>): Promise<void> {
    commands.configure(this.#parts, config);
  }

  async probe(): Promise<void> {
    commands.probe(this.#parts);
  }

  async drop(epoch: number): Promise<void> {
    commands.drop(this.#parts, epoch);
  }

  async lastSeen(): Promise<number | null> {
    return commands.lastSeen(this.#parts);
  }

  async revokeTokens(): Promise<void> {
    commands.revokeTokens(this.#parts);
  }

  async revokeToken(tokenId: string): Promise<void> {
    commands.revokeToken(this.#parts, tokenId);
  }

  async revokedAt(): Promise<number> {
    return this.#parts.connection.revokedAt();
  }
}
