import { createHmac } from 'node:crypto';
import { connect } from 'node:net';

/** What attacks are made with that an honest client does not send. */

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with any header and claims; `sign` gets what is to be signed. */
export function forged(header: object, claims: object, sign: (text: string) => string): string {
  const text = `${encoded(header)}.${encoded(claims)}`;
  return `${text}.${sign(text)}`;
}

export function hmac(secret: string, hash = 'sha256'): (text: string) => string {
  return (text) => createHmac(hash, secret).update(text).digest('base64url');
}

/** Bytes on a socket as they are; resolves to what came back until the server closed, or `done` is seen. */
export function raw(url: string, text: string | Buffer, done = /\r\n\r\n/): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    const end = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (data) => {
      answer += data.toString('latin1');
      if (done.test(answer)) end();
    });
    socket.on('error', end);
    socket.on('close', end);
  });
}

/** The status of an HTTP answer; 0 for a connection that was closed without one. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}

/** The request by which a WebSocket is asked for. */
export function upgradeRequest(path: string, headers: readonly string[] = []): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'host: gateway',
    'connection: upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The status with which a WebSocket is refused, or 101. */
export async function openSocketStatus(url: string, path: string, token: string): Promise<number> {
  return statusOf(await raw(url, upgradeRequest(path, [`authorization: Bearer ${token}`])));
}
