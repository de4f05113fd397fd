import { z } from 'zod';
import type { Env } from '../env.ts';

/** On Cloudflare: the edge sets the header and replaces what a client sent under that name. */
export function addressFromEdge(request: Request): string {
  return request.headers.get('cf-connecting-ip') ?? '';
}

const peerSchema = z.object({ clientIp: z.string() });
const BRACKETED = /^\[(.*)\](?::\d+)?$/;
const WITH_PORT = /^([^:]+):\d+$/;
const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An address without port, brackets and the prefix under which a dual-stack socket shows IPv4. */
export function bareAddress(address: string): string {
  const text = address.trim();
  const host = BRACKETED.exec(text)?.[1] ?? WITH_PORT.exec(text)?.[1] ?? text;
  return MAPPED_IPV4.exec(host)?.[1] ?? host;
}

/**
 * On bare workerd: the socket's own peer, whatever headers came. When that is `TRUSTED_PROXY`, the last entry of
 * `X-Forwarded-For`, which is the one that the proxy itself added.
 */
export function addressFromPeer(request: Request, env: Env): string {
  const cf = peerSchema.safeParse(request.cf);
  const peer = cf.success ? bareAddress(cf.data.clientIp) : '';
  const proxy = typeof env.TRUSTED_PROXY === 'string' ? bareAddress(env.TRUSTED_PROXY) : '';
  if (proxy === '' || peer !== proxy) return peer;
  const forwarded = request.headers.get('x-forwarded-for')?.split(',').at(-1) ?? '';
  return bareAddress(forwarded) || peer;
}
