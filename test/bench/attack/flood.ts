/** A thread that asks for WebSockets with bad tokens, each over a connection of its own, at a steady rate. */
import { connect } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { upgradeRequest } from '../../security/attack.ts';

/** ms between two bursts; short beside what is measured. */
const TICK_MS = 1;

const orderSchema = z.object({ url: z.string(), perSecond: z.number(), tokens: z.array(z.string()) });
const { url, perSecond, tokens } = orderSchema.parse(workerData);
const { hostname, port } = new URL(url);
const requests = tokens.map((token) => upgradeRequest('/agent/ws?hostId=box', [`authorization: Bearer ${token}`]));

const began = performance.now();
let sent = 0;
let refused = 0;

function attack(text: string): void {
  const socket = connect(Number(port), hostname, () => socket.write(text));
  socket.on('data', (data) => {
    if (data.subarray(0, 12).toString('latin1') === 'HTTP/1.1 401') refused += 1;
    socket.destroy();
  });
  socket.on('error', () => socket.destroy());
}

const ticking = setInterval(() => {
  const due = ((performance.now() - began) / 1000) * perSecond;
  for (; sent < due; sent += 1) attack(requests[sent % requests.length] ?? '');
}, TICK_MS);

parentPort?.once('message', () => {
  clearInterval(ticking);
  parentPort?.postMessage({ sent, refused });
});
