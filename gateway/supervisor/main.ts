/** The supervisor's process: `node main.js <run directory>`. One run, from its request to its result, then it exits. */
import { openRun } from '../runs/run-list.ts';
import { EndRequest } from './end.ts';
import { supervise } from './supervise.ts';

const [path] = process.argv.slice(2);
const run = path === undefined ? null : await openRun(path);
const request = run?.request ?? null;
if (run === null || request === null) {
  console.error('usage: main <run directory>, with a request that can be read');
  process.exit(2);
}

const end = new EndRequest();
process.on('SIGHUP', () => {});
process.on('SIGINT', () => end.request('stopped'));
process.on('SIGTERM', () => end.request('stopped'));

try {
  await supervise(run, request, end, Date.now);
  // A pipe that an unkillable process holds would keep this process.
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
