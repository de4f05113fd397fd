/**
 * An agent for the tests: stdin is a list of commands, one a line, obeyed in order; the end of stdin ends it.
 *
 * `print TEXT` · `error TEXT` (stderr) · `count N` (that many lines) · `drip N` (the same, slowly) · `env NAME` · `cwd` · `touch FILE` ·
 * `wait FILE` (until it exists) · `sleep MS` · `work MS` (without a word) · `occupy DIR` (counts itself among those at work, see below) ·
 * `tree DIR` (starts what is hard to kill, then stays) · `exit CODE` · `stumble FILE CODE` (makes the file and exits so, unless it is there). Any other line is echoed as `got LINE`.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;
const OCCUPY_MS = 1_000;
const DRIP_MS = 10;
const FOREVER = 'setInterval(() => {}, 1000);';

/** Starts a process that says its pid in `DIR/NAME.pid` by rename, so that a reader never sees half of it. */
function hardToKill(dir: string, name: string, before: string, detached: boolean): void {
  const file = JSON.stringify(join(dir, `${name}.pid`));
  const code = `const fs = require('node:fs'); ${before} fs.writeFileSync(${file} + '.new', String(process.pid));
    fs.renameSync(${file} + '.new', ${file}); ${FOREVER}`;
  spawn(process.execPath, ['-e', code], { detached, stdio: 'ignore' }).unref();
}

/** One in a session of its own, one that ignores TERM, one whose parent has exited. */
function startTree(dir: string): void {
  mkdirSync(dir, { recursive: true });
  hardToKill(dir, 'setsid', '', true);
  hardToKill(dir, 'stubborn', "process.on('SIGTERM', () => {});", false);
  const orphan = `const fs = require('node:fs'); fs.writeFileSync(${JSON.stringify(join(dir, 'orphan.pid.new'))}, String(process.pid));
    fs.renameSync(${JSON.stringify(join(dir, 'orphan.pid.new'))}, ${JSON.stringify(join(dir, 'orphan.pid'))}); ${FOREVER}`;
  const parent = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(orphan)}],
    { detached: true, stdio: 'ignore' }).unref();`;
  spawn(process.execPath, ['-e', parent], { detached: true, stdio: 'ignore' }).unref();
  writeFileSync(join(dir, 'agent.pid.new'), String(process.pid));
  renameSync(join(dir, 'agent.pid.new'), join(dir, 'agent.pid'));
}

/** Appends to `DIR/counts` how many were at work when this one had begun, then works for a second. */
async function occupy(dir: string): Promise<void> {
  mkdirSync(join(dir, 'working'), { recursive: true });
  const mine = join(dir, 'working', String(process.pid));
  writeFileSync(mine, '');
  appendFileSync(join(dir, 'counts'), `${readdirSync(join(dir, 'working')).length}\n`);
  await sleep(OCCUPY_MS);
  rmSync(mine);
}

async function obey(line: string): Promise<void> {
  const [word = '', ...words] = line.split(' ');
  const rest = words.join(' ');
  switch (word) {
    case '':
    case 'stumble':
      return;
    case 'print':
      console.log(rest);
      return;
    case 'error':
      console.error(rest);
      return;
    case 'count':
      for (let index = 1; index <= Number(rest); index += 1) console.log(`line ${index}`);
      return;
    case 'drip':
      for (let index = 1; index <= Number(rest); index += 1) {
        console.log(`drop ${index}`);
        await sleep(DRIP_MS);
      }
      return;
    case 'env':
      console.log(`${rest}=${process.env[rest] ?? '(unset)'}`);
      return;
    case 'cwd':
      console.log(process.cwd());
      return;
    case 'touch':
      writeFileSync(rest, '');
      return;
    case 'wait':
      while (!existsSync(rest)) await sleep(POLL_MS);
      return;
    case 'sleep':
      return sleep(Number(rest));
    case 'work':
      for (const end = performance.now() + Number(rest); performance.now() < end; );
      return;
    case 'occupy':
      return occupy(rest);
    case 'tree':
      startTree(rest);
      return sleep(2 ** 30);
    default:
      console.log(`got ${line}`);
  }
}

/** The code to exit with at once, or null. */
function exitOf(line: string): number | null {
  const [word = '', ...words] = line.split(' ');
  if (word === 'exit') return Number(words[0]);
  const [file = '', code] = words;
  if (word !== 'stumble' || existsSync(file)) return null;
  writeFileSync(file, '');
  return Number(code);
}

for await (const line of createInterface({ input: process.stdin })) {
  const code = exitOf(line);
  if (code !== null) {
    process.exitCode = code;
    break;
  }
  await obey(line);
}
process.stdin.destroy();
