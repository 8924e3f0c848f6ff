import { BlockList, isIP } from 'node:net';

/** IANA special-purpose registries (IPv4 and IPv6): what is not globally reachable unicast. */
const notPublic4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Inside 2000::/3, the only global unicast space; NAT64, 6to4 and Teredo could smuggle a private IPv4 address. */
const notPublic6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const blocked4 = new BlockList();
for (const [network, prefix] of notPublic4) blocked4.addSubnet(network, prefix, 'ipv4');
const blocked6 = new BlockList();
for (const [network, prefix] of notPublic6) blocked6.addSubnet(network, prefix, 'ipv6');
const global6 = new BlockList();
global6.addSubnet('2000::', 3, 'ipv6');
const mapped4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Whether an IP address is globally reachable unicast; false for anything that is no IP address. */
export function isPublicAddress(address: string): boolean {
  const plain = mapped4.exec(address)?.[1] ?? address;
  switch (isIP(plain)) {
    case 4:
      return !blocked4.check(plain, 'ipv4');
    case 6:
      return global6.check(plain, 'ipv6') && !blocked6.check(plain, 'ipv6');
    default:
      return false;
  }
}
