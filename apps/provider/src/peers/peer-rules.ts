import { BlockList, isIP } from 'node:net'
import type { PeerBlocks } from '@sealane/proto'
import { z } from 'zod'
import type { ProviderDb } from '../provider-db.js'
import { ProviderError } from '../provider-error.js'
import { StoredSetting } from '../settings/stored-setting.js'

const stored = z.object({
  peers: z.array(z.string()),
  ips: z.array(z.string()),
  subnets: z.array(z.string()),
  protected: z.array(z.string()),
})

/** A list must stay one that can be read, and looked through for each connection. */
const maxEntries = 10_000

/** Base 58 of an Ed25519, an RSA or a secp256k1 key’s hash, as libp2p prints ids. Source: libp2p specs peer-ids. */
const peerIdForm =
  /^(12D3KooW[1-9A-HJ-NP-Za-km-z]{44}|Qm[1-9A-HJ-NP-Za-km-z]{44}|16Uiu2HA[1-9A-HJ-NP-Za-km-z]{45})$/

/** What `net block add` names. */
export type Blocked = keyof PeerBlocks

/** Peers and networks that the operator blocks or protects while the provider runs. */
export class PeerRules {
  readonly #stored: StoredSetting<typeof stored>
  #networks = new BlockList()

  constructor(db: ProviderDb) {
    this.#stored = new StoredSetting(db, 'peer-rules', stored, {
      peers: [],
      ips: [],
      subnets: [],
      protected: [],
    })
  }

  async load(): Promise<void> {
    await this.#stored.load()
    this.#networks = networksOf(this.#stored.get())
  }

  blocked(): PeerBlocks {
    const { peers, ips, subnets } = this.#stored.get()
    return { peers, ips, subnets }
  }

  protectedPeers(): readonly string[] {
    return this.#stored.get().protected
  }

  blocksPeer(peerId: string): boolean {
    return this.#stored.get().peers.includes(peerId)
  }

  /** @param ip without a zone; IPv4 inside IPv6 counts as IPv4 */
  blocksIp(ip: string): boolean {
    return this.#networks.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4')
  }

  /** @throws {ProviderError} PEER_RULE_REFUSED */
  async block(what: Blocked, names: readonly string[]): Promise<void> {
    await this.#change(what, (before) => [...before, ...names.map((name) => checked(what, name))])
  }

  async unblock(what: Blocked, names: readonly string[]): Promise<void> {
    const gone = new Set(names.map((name) => checked(what, name)))
    await this.#change(what, (before) => before.filter((name) => !gone.has(name)))
  }

  async protect(peerIds: readonly string[]): Promise<void> {
    await this.#change('protected', (before) => [...before, ...peerIds.map((id) => checked('peers', id))])
  }

  async unprotect(peerIds: readonly string[]): Promise<void> {
    await this.#change('protected', (before) => before.filter((id) => !peerIds.includes(id)))
  }

  async #change(
    list: keyof z.infer<typeof stored>,
    change: (before: readonly string[]) => readonly string[],
  ): Promise<void> {
    const after = await this.#stored.change((before) => {
      const names = [...new Set(change(before[list]))].sort()
      if (names.length > maxEntries) throw refused(`a list holds at most ${maxEntries} entries`)
      return { ...before, [list]: names }
    })
    this.#networks = networksOf(after)
  }
}

/** The name in the one spelling that it is kept in. */
function checked(what: Blocked, name: string): string {
  switch (what) {
    case 'peers':
      if (!peerIdForm.test(name)) throw refused(`${name} is no peer id: 12D3KooW… or Qm…`)
      return name
    case 'ips':
      if (isIP(name) === 0) throw refused(`${name} is no IP address`)
      return name
    case 'subnets': {
      const [network = '', bits = '', ...rest] = name.split('/')
      const family = isIP(network)
      const most = family === 6 ? 128 : 32
      if (family === 0 || rest.length > 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > most)
        throw refused(`${name} is no subnet: 203.0.113.0/24`)
      return `${network}/${Number(bits)}`
    }
  }
}

function networksOf({ ips, subnets }: PeerBlocks): BlockList {
  const list = new BlockList()
  for (const ip of ips) list.addAddress(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4')
  for (const subnet of subnets) {
    const [network = '', bits] = subnet.split('/')
    list.addSubnet(network, Number(bits), isIP(network) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

function refused(reason: string): ProviderError {
  return new ProviderError({ code: 'PEER_RULE_REFUSED', reason })
}
