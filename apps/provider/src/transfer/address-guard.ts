import { lookup as lookUpAll } from 'node:dns/promises'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { ProviderError } from '../provider-error.js'

/** Networks that are not the public internet. Source: IANA special-purpose address registries (RFC 6890 and updates). */
const notPublic: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['100::', 64, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
  ['5f00::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
]

/** IPv6 prefixes with an IPv4 address inside: bytes before it, and how many bits of prefix. */
const embedding: readonly (readonly [string, number, number])[] = [
  ['::ffff:0:0', 96, 12],
  ['64:ff9b::', 96, 12],
  ['2002::', 16, 2],
]

const forbidden = new BlockList()
for (const [network, bits, family] of notPublic) forbidden.addSubnet(network, bits, family)

/** All addresses of a host name. */
type Resolve = (host: string) => Promise<readonly { address: string; family: number }[]>

/**
 * Keeps transfers off our own networks. A client chooses the URL, so every address a name leads to is checked, and the
 * checked address is the one dialled: a name that answers differently the second time gains nothing.
 */
export class AddressGuard {
  constructor(
    private readonly allowPrivate: boolean,
    private readonly resolve: Resolve = (host) => lookUpAll(host, { all: true, verbatim: true }),
    private readonly publicAddress: (address: string) => boolean = isPublic,
  ) {}

  /**
   * The address to dial for a host name or literal.
   * @throws {ProviderError} ADDRESS_FORBIDDEN when any of its addresses is not public
   */
  async dialable(host: string): Promise<{ address: string; family: 4 | 6 }> {
    const literal = host.replace(/^\[|\]$/g, '')
    const family = isIP(literal)
    const found = family === 0 ? await this.resolve(literal) : [{ address: literal, family }]
    for (const { address } of found) {
      if (!this.allowPrivate && !this.publicAddress(address)) {
        throw new ProviderError({ code: 'ADDRESS_FORBIDDEN', host: literal, address })
      }
    }
    const [first] = found
    if (first === undefined) throw new Error(`${host} has no address`)
    return { address: first.address, family: first.family === 6 ? 6 : 4 }
  }

  /** The same as a `lookup` for sockets. They call it for names only: check literals with {@link dialable} first. */
  readonly lookup: LookupFunction = (host, options, callback) => {
    this.dialable(host).then(
      ({ address, family }) => {
        if (options.all === true) callback(null, [{ address, family }])
        else callback(null, address, family)
      },
      (error: Error) => callback(error, '', 0),
    )
  }
}

/** True for an address of the public internet, in whatever way it is written. */
export function isPublic(address: string): boolean {
  const plain = address.split('%')[0] ?? ''
  if (isIP(plain) === 4) return !forbidden.check(plain, 'ipv4')
  if (isIP(plain) !== 6) return false
  const bytes = ipv6Bytes(plain)
  for (const [network, bits, at] of embedding) {
    const within = new BlockList()
    within.addSubnet(network, bits, 'ipv6')
    if (within.check(plain, 'ipv6')) return isPublic(bytes.slice(at, at + 4).join('.'))
  }
  return !forbidden.check(plain, 'ipv6')
}

function ipv6Bytes(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  const hex =
    dotted === null
      ? address
      : `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
  const [head = '', tail] = hex.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? [] : new Array<string>(8 - left.length - right.length).fill('0')
  return [...left, ...gap, ...right].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
}
