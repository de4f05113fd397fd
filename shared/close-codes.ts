/** WebSocket close codes of `/agent/ws`; a watcher's socket uses only 1000, 1001, 1011 and 4401. */
export const CLOSE = {
  /** All said. */
  NORMAL: 1000,
  /** Too much unstored data: connect again and resend. */
  OVERLOADED: 1013,
  /** A frame that no receiver can take: oversized, binary, or not `register` first. */
  PROTOCOL: 4400,
  /** Token revoked or expired: do not reconnect. */
  UNAUTHENTICATED: 4401,
  /** No sign of life within `HEARTBEAT_TIMEOUT_MS`. */
  SILENT: 4408,
  /** Another connection of the same host took over. */
  REPLACED: 4409,
} as const;

/** Of a watcher's socket alone: an object was lost on the way, come again. */
export const CLOSE_LOST = 1011;
