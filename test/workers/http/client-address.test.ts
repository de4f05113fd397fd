import { describe, expect, test } from 'vitest';
import { addressFromEdge, addressFromPeer, bareAddress } from '../../../worker/http/client-address.ts';
import { envWith } from './support.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.1:4711', '192.0.2.1'],
  ['[2001:db8::1]:4711', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['[::ffff:192.0.2.1]:80', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  [' 192.0.2.1 ', '192.0.2.1'],
  ['', ''],
])('[C5] %j is the address %j', (text, address) => {
  expect(bareAddress(text)).toBe(address);
});

describe('who the client is [C5]', () => {
  const request = (clientIp: unknown, headers: Record<string, string> = {}) =>
    new Request('https://gateway.test/', { headers, cf: { clientIp } });
  const forged = { 'cf-connecting-ip': '192.0.2.66', 'x-forwarded-for': '192.0.2.66' };

  test('at the edge: what the edge says', () => {
    expect(addressFromEdge(request('10.0.0.1:1', forged))).toBe('192.0.2.66');
    expect(addressFromEdge(request('10.0.0.1:1'))).toBe('');
  });

  test('on bare workerd: the peer, whatever headers say', () => {
    expect(addressFromPeer(request('10.0.0.1:1', forged), envWith({ TRUSTED_PROXY: '' }))).toBe('10.0.0.1');
    expect(addressFromPeer(request('10.0.0.1:1', forged), envWith({ TRUSTED_PROXY: '10.0.0.2' }))).toBe('10.0.0.1');
    expect(addressFromPeer(request(undefined, forged), envWith({ TRUSTED_PROXY: '' }))).toBe('');
  });

  test('behind the trusted proxy: the entry that the proxy added, else the proxy', () => {
    const proxied = envWith({ TRUSTED_PROXY: '10.0.0.1' });
    const headers = { 'x-forwarded-for': '192.0.2.66, 192.0.2.1' };
    expect(addressFromPeer(request('10.0.0.1:1', headers), proxied)).toBe('192.0.2.1');
    expect(addressFromPeer(request('[::ffff:10.0.0.1]:1', headers), proxied)).toBe('192.0.2.1');
    expect(addressFromPeer(request('10.0.0.1:1'), proxied)).toBe('10.0.0.1');
    expect(addressFromPeer(request('10.0.0.1:1', { 'x-forwarded-for': ' , ' }), proxied)).toBe('10.0.0.1');
  });
});
