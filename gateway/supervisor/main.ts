/** The supervisor's process: `node main.js <run directory>`. From a run's request to its result, and on while its agent is kept; then it exits. */
import { openRun } from '../runs/run-list.ts';
import { EndRequest } from './end.ts';
import { superviseInTurn } from './supervise-in-turn.ts';

const [path] = process.argv.slice(2);
const run = path === undefined ? null : await openRun(path);
const request = run?.request ?? null;
if (run === null || request === null) {
  console.error('usage: main <run directory>, with a request that can be read');
  process.exit(2);
}

let end = new EndRequest();
const nextEnd = () => {
  end = new EndRequest();
  return end;
};
process.on('SIGHUP', () => {});
process.on('SIGINT', () => end.request('stopped'));
process.on('SIGTERM', () => end.request('stopped'));

try {
  await superviseInTurn({ run, request }, nextEnd, Date.now);
  // A pipe that an unkillable process holds would keep this process.
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
