import { multiaddr } from '@multiformats/multiaddr'
import {
  type Address,
  address as addressCodec,
  addressProtocol,
  bigInt,
  datacapActor,
  exportedMethod,
  type NetworkPolicy,
  networkNamed,
  policyFor,
  protocolOfAddress,
} from '@sealane/actors'
import { ChainError, ChainPort } from '@sealane/chain'
import { type AttoFil, attoFil, type ChainEpoch, type PaddedSize, subtractFil } from '@sealane/fil-units'
import { Health, Log } from '@sealane/host'
import type { Known } from '@sealane/market'
import type { Clock } from '../clock.js'

/** A head this old is asked for again. An epoch of the devnet's rush takes 5 ms; a real one 30 s. Unit: ms. */
const headMaxAgeMs = 250
/** Balances and bounds this old are asked for again. Unit: ms. */
const factMaxAgeMs = 5_000
/** Facts kept in memory at most: a stranger can invent clients without end. */
const maxFacts = 10_000

/** DataCap tokens have 18 decimals; one token is one byte. Source: builtin-actors datacap (DATACAP_GRANULARITY). */
const dataCapDecimals = 10n ** 18n

interface Remembered {
  readonly value: Promise<unknown>
  readonly atMs: number
}

/**
 * What the provider knows of the chain through its own node, each fact remembered for a moment so that a flood of
 * proposals is not a flood of look-ups. What cannot be had is `unavailable`: nothing here throws for a dead node.
 */
export class ChainView {
  readonly #facts = new Map<string, Remembered>()

  constructor(
    private readonly chain: ChainPort,
    private readonly clock: Clock,
    private readonly health: Health,
    private readonly log: Log,
  ) {}

  /** Height of the head of a healthy node. */
  async head(): Promise<Known<ChainEpoch>> {
    const height = await this.#known('head', headMaxAgeMs, async () => (await this.chain.head()).height)
    const lamp = this.health.room('chain')
    if (height === 'unavailable') lamp.red('no chain node answers: deals are refused until one does')
    else lamp.green()
    return height
  }

  /** The network's rules, and how it spells addresses. */
  async network(): Promise<Known<{ policy: NetworkPolicy; prefix: 'f' | 't' }>> {
    return await this.#known('network', Number.POSITIVE_INFINITY, async () => {
      const [name, { version }] = await Promise.all([this.chain.networkName(), this.chain.version()])
      const policy = policyFor(networkNamed(name, version))
      return { policy, prefix: policy.addressPrefix }
    })
  }

  /** The ID address of an account; `none` while the chain does not know it. */
  async idOf(address: Address): Promise<Known<Address | 'none'>> {
    if (protocolOfAddress(address) === addressProtocol.id) return address
    return await this.#known(
      `id ${address}`,
      factMaxAgeMs,
      async () => (await this.chain.lookupId(address)) ?? 'none',
    )
  }

  /** The key behind an account's address; `none` when there is no such account, or it is a contract. */
  async keyOf(address: Address): Promise<Known<Address | 'none'>> {
    const protocol = protocolOfAddress(address)
    if (protocol === addressProtocol.secp256k1 || protocol === addressProtocol.bls) return address
    if (protocol !== addressProtocol.id) return 'none'
    return await this.#known(`key ${address}`, factMaxAgeMs, async () => {
      try {
        return await this.chain.accountKey(address)
      } catch (cause) {
        // The node answered: this actor is no account, or not there.
        if (cause instanceof ChainError && (cause.code === 'RPC' || cause.code === 'NOT_FOUND')) return 'none'
        throw cause
      }
    })
  }

  /** Market escrow less what deals hold. Unavailable also for an address the chain does not know. */
  async marketAvailable(address: Address): Promise<Known<AttoFil>> {
    const balance = await this.marketEscrow(address)
    return balance === 'unavailable' ? balance : balance.available
  }

  /** Market escrow: what is free of it, and what deals hold. Unavailable also for an address the chain does not know. */
  async marketEscrow(address: Address): Promise<Known<{ available: AttoFil; locked: AttoFil }>> {
    return await this.#known(`market ${address}`, factMaxAgeMs, async () => {
      const { escrow, locked } = await this.chain.marketBalance(address)
      return { available: subtractFil(escrow, locked), locked }
    })
  }

  /** The key of the miner's worker, and the money it has. */
  async worker(miner: Address): Promise<Known<{ address: Address; balance: AttoFil }>> {
    return await this.#known(`worker ${miner}`, factMaxAgeMs, async () => {
      const { worker } = await this.chain.minerInfo(miner)
      const account = await this.chain.getActor(worker)
      return { address: await this.chain.accountKey(worker), balance: account?.balance ?? attoFil(0n) }
    })
  }

  /** Least provider collateral the chain takes for a piece. */
  async minProviderCollateral(size: PaddedSize, verified: boolean): Promise<Known<AttoFil>> {
    return await this.#known(`collateral ${size} ${verified}`, factMaxAgeMs, async () =>
      attoFil((await this.chain.collateralBounds(size, verified)).min),
    )
  }

  /** A client's DataCap in bytes. */
  async dataCap(client: Address): Promise<Known<bigint | 'none'>> {
    return await this.#known(`datacap ${client}`, factMaxAgeMs, async () => {
      const id = await this.chain.lookupId(client)
      if (id === undefined) return 'none'
      const { receipt } = await this.chain.call({
        version: 0,
        from: id,
        to: datacapActor,
        nonce: 0,
        value: attoFil(0n),
        gasLimit: 0,
        gasFeeCap: attoFil(0n),
        gasPremium: attoFil(0n),
        method: exportedMethod('Balance'),
        params: addressCodec.encode(id),
      })
      if (receipt.exitCode !== 0) return 'none'
      const bytes = bigInt.decode(receipt.return) / dataCapDecimals
      return bytes === 0n ? 'none' : bytes
    })
  }

  /** The miner's sector size in bytes. */
  async sectorSize(miner: Address): Promise<Known<bigint>> {
    return await this.#known(
      `sector ${miner}`,
      factMaxAgeMs,
      async () => (await this.chain.minerInfo(miner)).sectorSize,
    )
  }

  /** What the chain tells clients about us: peer id and addresses. */
  async announced(miner: Address): Promise<Known<{ peerId: string | null; addresses: string[] }>> {
    return await this.#known(`announced ${miner}`, factMaxAgeMs, async () => {
      const { peerId, multiaddrs } = await this.chain.minerInfo(miner)
      return { peerId: peerId ?? null, addresses: multiaddrs.map(addressText) }
    })
  }

  async #known<T>(key: string, maxAgeMs: number, ask: () => Promise<T>): Promise<Known<T>> {
    try {
      return (await this.#remembered(key, maxAgeMs, ask)) as T
    } catch (cause) {
      this.log.warn('chain fact not had', { fact: key, error: cause })
      return 'unavailable'
    }
  }

  #remembered(key: string, maxAgeMs: number, ask: () => Promise<unknown>): Promise<unknown> {
    const now = this.clock.now()
    const known = this.#facts.get(key)
    if (known !== undefined && now - known.atMs < maxAgeMs) return known.value
    const value = ask()
    // A failure is not remembered: the next proposal asks again.
    value.catch(() => {
      if (this.#facts.get(key)?.value === value) this.#facts.delete(key)
    })
    if (this.#facts.size >= maxFacts) this.#facts.delete(this.#facts.keys().next().value ?? '')
    this.#facts.delete(key)
    this.#facts.set(key, { value, atMs: now })
    return value
  }
}

/** On chain stands whatever a miner wrote there. */
function addressText(bytes: Uint8Array): string {
  try {
    return multiaddr(bytes).toString()
  } catch {
    return `<not a multiaddr: ${Buffer.from(bytes).toString('hex')}>`
  }
}
