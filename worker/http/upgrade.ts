/** Does the request ask for a WebSocket? */
export function isUpgrade(request: Request): boolean {
  return request.headers.get('upgrade')?.toLowerCase() === 'websocket';
}

/** What a watcher in a browser asks for, and is answered: it cannot send `Authorization` with an upgrade. */
export const WATCH_PROTOCOL = 'agent-gateway.v1';
/** In front of its token, as another protocol that it asks for. */
const TOKEN_PROTOCOL = 'agent-gateway.token.';

function protocolsOf(request: Request): string[] {
  return (request.headers.get('sec-websocket-protocol') ?? '').split(',').map((protocol) => protocol.trim());
}

/** The token that an upgrade carries beside `WATCH_PROTOCOL`; undefined without one, and for other requests. */
export function tokenOfProtocols(request: Request): string | undefined {
  if (!isUpgrade(request) || !asksForWatchProtocol(request)) return undefined;
  const protocol = protocolsOf(request).find((name) => name.startsWith(TOKEN_PROTOCOL));
  return protocol?.slice(TOKEN_PROTOCOL.length);
}

export function asksForWatchProtocol(request: Request): boolean {
  return protocolsOf(request).includes(WATCH_PROTOCOL);
}
