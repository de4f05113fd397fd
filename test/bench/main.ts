import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startFloor } from './floor-server.ts';
import { type Figures, type Load, measure } from './measure.ts';
import { startProduct } from './product-server.ts';
import { ratios, table } from './report.ts';
import type { Target } from './target.ts';

/** Eight parts of five seconds: below a minute with what lies between them. */
const FULL: Load = { partMs: 5_000, warmUp: 50, clients: 32, hosts: 4 };
/** Shows that it works, measures nothing. */
const QUICK: Load = { partMs: 100, warmUp: 2, clients: 4, hosts: 2 };

async function measured(start: (dir: string) => Promise<Target>, dir: string, load: Load): Promise<Figures> {
  const target = await start(dir);
  try {
    return await measure(target, load);
  } finally {
    await target.stop();
  }
}

const { values } = parseArgs({ options: { json: { type: 'string' }, quick: { type: 'boolean', default: false } } });
const load = values.quick ? QUICK : FULL;
const dir = mkdtempSync(join(tmpdir(), 'agent-gateway-bench-'));
try {
  const floor = await measured(startFloor, join(dir, 'floor'), load);
  const product = await measured(startProduct, join(dir, 'product'), load);
  console.log(table(product, floor));
  if (values.json !== undefined) {
    const machine = { cpus: cpus().length, model: cpus()[0]?.model ?? '', node: process.version };
    const report = { at: new Date().toISOString(), machine, load, product, floor, ratio: ratios(product, floor) };
    writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
