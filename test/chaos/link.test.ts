import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../e2e/harness/wait.ts';
import { FaultyLink, portOf } from './link.ts';

/** What each connection has said to the far side, and whether it is still there. */
interface Heard {
  text: string;
  open: boolean;
  end(): void;
}

const heard: Heard[] = [];
const server = createServer((socket) => {
  const each: Heard = { text: '', open: true, end: () => socket.destroy() };
  heard.push(each);
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    each.text += bytes;
    socket.write(`echo ${bytes}`);
  });
  socket.on('close', () => {
    each.open = false;
  });
});
let link: FaultyLink;
const clients: Socket[] = [];

beforeEach(async () => {
  heard.length = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  link = await FaultyLink.open(portOf(server));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await link.close();
  server.close();
  await once(server, 'close');
});

/** A connection through the link: what it has heard, and how it ended. */
function open() {
  const client = connect(link.port, '127.0.0.1');
  clients.push(client);
  const near = { text: '', ended: false, say: (text: string) => client.write(text) };
  client.on('error', () => {});
  client.on('data', (bytes) => {
    near.text += bytes;
  });
  client.on('close', () => {
    near.ended = true;
  });
  return near;
}

function far(index: number): Heard {
  return heard[index] ?? { text: '', open: false, end: () => {} };
}

const soon = (what: string, probe: () => boolean) => until(what, () => (probe() ? true : undefined));

async function connected() {
  const near = open();
  near.say('one');
  await soon('an echo', () => near.text === 'echo one');
  return near;
}

test('passes bytes both ways', async () => {
  await connected();
});

test('refuse: resets what is there and what comes, and passes again', async () => {
  const near = await connected();
  link.set('refuse');
  await soon('the end of both ends', () => near.ended && !far(0).open);
  const refused = open();
  await soon('a refusal', () => refused.ended);
  link.set('pass');
  await connected();
});

test('swallow: neither end hears or loses anything, not even afterwards; the next connection is whole', async () => {
  const near = await connected();
  link.set('swallow');
  near.say('two');
  const caught = open();
  caught.say('three');
  link.set('pass');
  const whole = await connected();
  near.say('four');
  whole.say('five');
  await soon('a second echo', () => whole.text === 'echo oneecho five');
  expect(near).toMatchObject({ text: 'echo one', ended: false });
  expect(far(0)).toMatchObject({ text: 'one', open: true });
});

test('slow: everything comes, in order', async () => {
  const near = await connected();
  link.set('slow');
  const text = 'x'.repeat(3_000);
  near.say(text);
  await soon('the first part', () => far(0).text.length > 'one'.length);
  expect(far(0).text.length).toBeLessThan(text.length);
  link.set('pass');
  await soon('the rest', () => far(0).text === `one${text}`);
});

test('double: the near end is lost; the far end stays and hears the last of it', async () => {
  const near = await connected();
  link.double();
  near.say('two');
  await soon('the loss', () => near.ended);
  expect(far(0).open).toBe(true);
  await connected();
  await soon('the late bytes', () => far(0).text === 'onetwo');
  expect(far(0).open).toBe(true);
});

test('closes also the end that is left of a connection whose bytes vanish', async () => {
  const near = await connected();
  link.set('swallow');
  far(0).end();
  await soon('the far end is closed', () => !far(0).open);
  expect(near.ended).toBe(false);
  await link.close();
  await soon('the near end is closed', () => near.ended);
});
