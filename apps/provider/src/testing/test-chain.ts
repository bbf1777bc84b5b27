import {
  type Address,
  bigInt,
  datacapActor,
  exportedMethod,
  idAddress,
  type Message,
  parseAddress,
} from '@sealane/actors'
import { ChainError, ChainPort } from '@sealane/chain'
import { type AttoFil, attoFil, epoch } from '@sealane/fil-units'

/**
 * The few facts of a chain that a provider asks for, set by the test. Stands behind the same port as a real node; what a
 * provider has no business asking for is not here.
 */
export class TestChain {
  head = 10_000
  /** No node answers. */
  down = false
  networkName = 'sealane-devnet-0123456789abcdef'
  sectorSize = 2048n
  minCollateral = attoFil(1_000n)
  /** The miner's worker: put its account there too. */
  worker = idAddress(1002)
  /** What the chain tells of the miner's provider. */
  peerId: string | undefined
  multiaddrs: Uint8Array[] = []
  /** DataCap of every client, in bytes. */
  dataCapBytes = 0n
  /** Calls so far, by method. */
  readonly calls = new Map<string, number>()
  readonly #ids = new Map<Address, Address>()
  readonly #available = new Map<Address, AttoFil>()

  /** A chain with the miner f01000, its collateral in market escrow. */
  constructor() {
    this.miner(1000, 10n ** 18n)
  }

  /** Puts an account on chain with money in market escrow. */
  account(key: Address, id: number, available: bigint): void {
    this.#ids.set(key, idAddress(id))
    this.#available.set(key, attoFil(available))
    this.#available.set(idAddress(id), attoFil(available))
  }

  /** Balance of every account. */
  balance = attoFil(50n * 10n ** 18n)

  miner(id: number, available: bigint): void {
    this.#available.set(idAddress(id), attoFil(available))
  }

  port(): ChainPort {
    const answers: Record<string, (...args: never[]) => unknown> = {
      head: () => ({ key: [], height: epoch(this.head), blocks: [], timestamp: 0 }),
      networkName: () => this.networkName,
      version: () => ({ version: '1.34.1+mainnet', apiVersion: 131840, blockDelaySeconds: 30 }),
      lookupId: (address: Address) => this.#ids.get(parseAddress(address)),
      accountKey: (address: Address) => {
        for (const [key, id] of this.#ids) if (id === address) return key
        throw new ChainError('RPC', { text: 'failed to get account actor state: actor code is not account' })
      },
      marketBalance: (address: Address) => {
        const available = this.#available.get(address)
        if (available === undefined) throw new ChainError('NOT_FOUND', { text: 'actor not found' })
        return { escrow: available, locked: attoFil(0n) }
      },
      collateralBounds: () => ({ min: this.minCollateral, max: attoFil(this.minCollateral * 1000n) }),
      call: ({ to, method }: Message) => {
        if (to !== datacapActor || method !== exportedMethod('Balance'))
          return { receipt: { exitCode: 22, return: new Uint8Array() } }
        // A token of 18 decimals for each byte.
        return { receipt: { exitCode: 0, return: bigInt.encode(this.dataCapBytes * 10n ** 18n) } }
      },
      minerInfo: () => ({
        sectorSize: this.sectorSize,
        worker: this.worker,
        peerId: this.peerId,
        multiaddrs: this.multiaddrs,
      }),
      getActor: () => ({ balance: this.balance }),
    }
    return new Proxy(Object.create(ChainPort.prototype) as ChainPort, {
      get: (target, name) => {
        const answer = answers[String(name)]
        if (answer === undefined) return Reflect.get(target, name)
        return async (...args: never[]) => {
          this.calls.set(String(name), (this.calls.get(String(name)) ?? 0) + 1)
          if (this.down) throw new ChainError('NODE_DOWN', { text: 'connection refused' })
          return answer(...args)
        }
      },
    })
  }
}
