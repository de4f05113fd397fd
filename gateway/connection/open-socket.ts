import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import { z } from 'zod';
import { errorBodySchema } from '../../shared/errors.ts';
import { MAX_FRAME_BYTES } from '../../shared/limits.ts';
import { utf8Head } from '../../shared/utf8.ts';
import { type ConnectionEnd, retryAfterMs } from '../domain/connection-fate.ts';

/** ms for address look-up, TCP, TLS and upgrade together. */
const HANDSHAKE_TIMEOUT_MS = 15_000;
/** Of a refusal's body and of what is shown of it. */
const MAX_REFUSAL_BYTES = 4096;
const MAX_SHOWN_BYTES = 300;

export interface Endpoint {
  /** Base URL, `ws:` or `wss:`. */
  serverUrl: string;
  hostId: string;
  token: string;
}

export type Opening = { kind: 'open'; socket: WebSocket } | Extract<ConnectionEnd, { kind: 'refused' | 'unreachable' }>;

async function readRefusal(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += z.string().parse(chunk);
    if (text.length > MAX_REFUSAL_BYTES) break;
  }
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    // A proxy's page, perhaps: shown as it is.
  }
  const parsed = errorBodySchema.safeParse(body);
  const [line = ''] = (parsed.success ? parsed.data.error.message : text).trim().split('\n');
  return utf8Head(line, MAX_SHOWN_BYTES);
}

async function refusal(response: IncomingMessage): Promise<Opening> {
  const message = await readRefusal(response).catch(() => '');
  const status = response.statusCode ?? 0;
  return { kind: 'refused', status, message, retryAfterMs: retryAfterMs(response.headers['retry-after'], Date.now()) };
}

/** Connects once. Never rejects: what went wrong is the answer. Aborting `signal` ends the attempt as `unreachable`. */
export function openSocket({ serverUrl, hostId, token }: Endpoint, signal: AbortSignal): Promise<Opening> {
  const socket = new WebSocket(`${serverUrl}/agent/ws?hostId=${encodeURIComponent(hostId)}`, {
    headers: { authorization: `Bearer ${token}` },
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: MAX_FRAME_BYTES,
    // One message in flight compresses badly, and a compressor costs memory on both sides.
    perMessageDeflate: false,
    followRedirects: false,
  });
  return new Promise((resolve) => {
    const giveUp = () => socket.terminate();
    const settle = (opening: Opening) => {
      signal.removeEventListener('abort', giveUp);
      resolve(opening);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    socket.once('open', () => settle({ kind: 'open', socket }));
    socket.once('unexpected-response', (request, response) => {
      void refusal(response).then((opening) => {
        settle(opening);
        request.destroy();
      });
    });
    // Stays for the socket's whole life: without a listener an error would end the process. `close` follows each.
    socket.on('error', (error) => {
      const code = 'code' in error ? String(error.code) : '';
      settle({ kind: 'unreachable', message: error.message === '' ? code : error.message });
    });
    if (signal.aborted) giveUp();
  });
}
