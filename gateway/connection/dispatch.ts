import type { Down } from '../../shared/protocol/down.ts';
import { decodeDown } from '../../shared/protocol/down-codec.ts';

type OfType<T extends Down['type']> = Extract<Down, { type: T }>;

/** One handler a message of the server's. Called in the order of arrival; none may throw. */
export interface DownHandlers {
  registered(message: OfType<'registered'>): void;
  ping(): void;
  execute(message: OfType<'task:execute'>): void;
  abort(message: OfType<'task:abort'>): void;
  input(message: OfType<'task:input'>): void;
  finish(message: OfType<'task:finish'>): void;
  approvalDecided(message: OfType<'approval:decided'>): void;
  configure(message: OfType<'config:update'>): void;
  ack(message: OfType<'task:ack'>): void;
  settled(message: OfType<'task:settled'>): void;
  renewed(message: OfType<'token:renewed'>): void;
  /** A frame that is none; `reason` names the field. */
  bad(reason: string): void;
}

function call(handlers: DownHandlers, message: Down): void {
  switch (message.type) {
    case 'registered':
      handlers.registered(message);
      break;
    case 'ping':
      handlers.ping();
      break;
    case 'heartbeat:ok':
      break;
    case 'task:execute':
      handlers.execute(message);
      break;
    case 'task:abort':
      handlers.abort(message);
      break;
    case 'task:input':
      handlers.input(message);
      break;
    case 'task:finish':
      handlers.finish(message);
      break;
    case 'approval:decided':
      handlers.approvalDecided(message);
      break;
    case 'config:update':
      handlers.configure(message);
      break;
    case 'task:ack':
      handlers.ack(message);
      break;
    case 'task:settled':
      handlers.settled(message);
      break;
    case 'token:renewed':
      handlers.renewed(message);
      break;
  }
}

/** Decodes one text frame and calls its handler. Frames of an unknown type are left to newer daemons. */
export function dispatchFrame(text: string, handlers: DownHandlers): void {
  const decoded = decodeDown(text);
  if (decoded.kind === 'message') call(handlers, decoded.message);
  else if (decoded.kind === 'bad') handlers.bad(decoded.reason);
}
