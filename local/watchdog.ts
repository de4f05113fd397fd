import { spawn } from 'node:child_process';

/**
 * Ends the process `pid` when this one dies in whatever way: the pipe to a shell then closes, and the shell does what this
 * process no longer can. Returns what calls it off, for when `pid` has ended.
 */
export function watchOver(pid: number, signal: 'TERM' | 'KILL'): () => void {
  const script = 'read -r _; kill -"$1" "$2"';
  const shell = spawn('/bin/sh', ['-c', script, 'agent-gateway-watchdog', signal, String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // A group of its own: what ends this process's whole group must not end its watchdog.
    detached: true,
    env: {},
  });
  return () => void shell.kill('SIGKILL');
}
