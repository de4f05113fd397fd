/** The supervisor's process: `node main.js <run directory>`. One run, from its request to its result, then it exits. */
import { openRun } from '../runs/run-directory.ts';
import { EndRequest } from './end.ts';
import { supervise } from './supervise.ts';

const [path] = process.argv.slice(2);
const run = path === undefined ? null : await openRun(path);
if (run === null) {
  console.error('usage: main <run directory>');
  process.exit(2);
}

const end = new EndRequest();
process.on('SIGHUP', () => {});
process.on('SIGINT', () => end.request('stopped'));
process.on('SIGTERM', () => end.request('stopped'));

try {
  await supervise(run, end, Date.now);
  // A pipe that an unkillable process holds would keep this process.
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
