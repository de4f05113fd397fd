/** What the daemon's exit code says; service managers are told not to restart on `REFUSED`, `REPLACED` and `CONFIG`. */
export const EXIT = {
  OK: 0,
  /** A defect: the log says which. */
  CRASH: 1,
  /** A flag, variable, file or directory is wrong; nothing was connected. */
  CONFIG: 2,
  /** The server refused this host: token or registration. Trying again would not help. */
  REFUSED: 77,
  /** Another daemon connected under this host id. */
  REPLACED: 78,
} as const;
