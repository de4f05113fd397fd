/** Pure: no clock, no randomness, no I/O. */

/** Whether what goes to this server, the token with it, can be read on the way: no TLS, and not this machine. */
export function isReadableOnTheWay(serverUrl: string): boolean {
  const { protocol, hostname } = new URL(serverUrl);
  const local = hostname === 'localhost' || hostname.endsWith('.localhost') || /^(127\.|\[::1\])/.test(hostname);
  return protocol === 'ws:' && !local;
}
