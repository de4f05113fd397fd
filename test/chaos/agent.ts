/**
 * An agent that keeps books. Its prompt is one JSON object (`orderSchema`): it prints numbered lines, starts children that
 * do not end by themselves, and writes into the records what it does, apart from all that the product knows.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { orderSchema } from './order.ts';
import { enter, leave } from './records.ts';

const FOREVER = ['sleep', '100000'];

/** One that ends with its group, one in a session of its own, one that does not listen to TERM. */
function startChildren(): void {
  const commands = [FOREVER, ['setsid', ...FOREVER], ['sh', '-c', `trap '' TERM; ${FOREVER.join(' ')}`]];
  for (const [file = '', ...args] of commands) spawn(file, args, { stdio: 'ignore' }).unref();
}

/** `<task>.<attempt>`, as the supervisor was told; empty when that is gone already. */
function runName(): string {
  try {
    return /\/runs\/([^/\0]+)/.exec(readFileSync(`/proc/${process.ppid}/cmdline`, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}

const order = orderSchema.parse(JSON.parse(await text(process.stdin)));
enter(order.records, { host: process.cwd(), pid: process.pid, label: order.label, run: runName() });
startChildren();
for (let number = 1; number <= order.lines; number += 1) {
  console.log(`${order.label} ${process.pid} ${number} ${'·'.repeat(order.padding)}`);
  await sleep(order.pauseMs);
}
leave(order.records, process.cwd(), process.pid);
process.exitCode = order.exitCode;
