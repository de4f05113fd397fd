/** Pure: no clock, no randomness, no storage, no network. */

const GROUPS = 8;
/** Groups of the network: one customer has all of a /64. */
const NETWORK_GROUPS = 4;

/** What limits count as one address: an IPv4 address as it is, of IPv6 the /64 that one customer has. Anything else as it is. */
export function networkOf(address: string): string {
  const [bare = ''] = address.split('%');
  if (!bare.includes(':')) return address;
  const [head = '', tail] = bare.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, GROUPS - before.length - after.length);
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''));
  return `${network.join(':')}::/64`;
}
