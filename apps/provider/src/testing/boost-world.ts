import type { Connection } from '@libp2p/interface'
import { parseAddress } from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { type DealParams, dealParams } from '@sealane/market'
import { bytesOf, type Exchange } from './boost-recordings.js'
import { type RunningProvider, startProvider, TestClient } from './provider-under-test.js'
import { SkewedClock } from './skewed-clock.js'
import { type Heard, speak } from './speak.js'
import { TestChain } from './test-chain.js'

/** The recordings' clients: one with DataCap, one without, one without escrow. */
const secp = parseAddress('t1lsnzkg7xihn54kc3wbife7j365xoa2s5paqpxhy')
const bls = parseAddress(
  't3sxgynnx6d4uktzlzo2n3ymeghn25iw5wt24hmtjsaxpq5i373g5sprlptocijhsory7orhkecegpuipvjiya',
)
const poor = parseAddress('t1um4e6jdo3bv42se76ykfqlobsu22ueo2l5hgwha')
const fil = 10n ** 18n

/** In place of the 10 s that a request may take to arrive. Unit: ms. */
export const recordedReadTimeoutMs = 1_000

/** Our provider in the world in which Boost was recorded: its miner, its clients, its ask, its settings. */
export class BoostWorld {
  private constructor(
    readonly chain: TestChain,
    readonly clock: SkewedClock,
    readonly provider: RunningProvider,
    readonly client: TestClient,
    readonly connection: Connection,
  ) {}

  static async start(o: {
    dir: string
    redisUrl: string
    head: number
    flags?: string[]
  }): Promise<BoostWorld> {
    const chain = new TestChain()
    const clock = new SkewedClock()
    const [client, worker] = [await TestClient.create(), await TestClient.create('bls')]
    chain.head = o.head
    chain.account(client.address, 100, 50n * fil)
    chain.account(secp, 1003, 50n * fil)
    chain.account(bls, 1004, 50n * fil)
    chain.account(poor, 1005, 0n)
    chain.account(worker.address, 1002, 0n)
    chain.miner(1000, 10n * fil)
    await worker.stop()
    chain.sectorSize = 32n << 30n
    const flags = [
      ...['--deals-max-start-delay-epochs', '43200'],
      ...['--ask-price-atto-fil', '50000000', '--ask-verified-price-atto-fil', '5000000'],
      ...['--staging-max-bytes', '50000000', '--deals-collateral-allowance-atto-fil', '0'],
      ...(o.flags ?? []),
    ]
    const provider = await startProvider({ ...o, chain, clock, readTimeoutMs: recordedReadTimeoutMs, flags })
    const connection = await client.dial(provider)
    await provider.asked()
    return new BoostWorld(chain, clock, provider, client, connection)
  }

  /**
   * Brings the chain to where it was for one recording.
   * @param answer Boost's words, where only they tell the bounds
   */
  arrange(exchange: Exchange, answer = ''): void {
    this.clock.skip(60_000)
    const { chain } = this
    const proposal = this.#decoded(exchange)?.clientDealProposal.proposal
    chain.head = exchange.headEpoch ?? chain.head
    chain.miner(1000, exchange.name.includes('-provider-funds') ? 0n : 10n * fil)
    const least = /below minimum (\d+)$/.exec(answer)?.[1]
    const most = /above maximum (\d+)$/.exec(answer)?.[1]
    // Clients proposed six fifths of the least collateral.
    const proposed = ((proposal?.providerCollateral ?? 0n) * 5n) / 6n
    chain.minCollateral = attoFil(
      least !== undefined ? BigInt(least) : most !== undefined ? BigInt(most) / 2n : proposed,
    )
    chain.dataCapBytes = proposal?.client === bls ? 0n : 1_073_733_632n
  }

  /** Writes a recorded request as its client did. */
  async send(exchange: Exchange): Promise<Heard> {
    const halfClose = exchange.halfClosed ?? false
    return await speak(this.connection, exchange.protocol, writesOf(exchange), { halfClose })
  }

  async stop(): Promise<void> {
    await this.provider.stop()
    await this.client.stop()
  }

  #decoded({ requestHex }: Exchange): DealParams | undefined {
    try {
      return dealParams.decodePrefix(bytesOf(requestHex)).value
    } catch {
      return undefined
    }
  }
}

/** The pieces in which a request was written. */
function writesOf({ name, requestHex, requestLength, reads }: Exchange): Uint8Array[] {
  const bytes = bytesOf(requestHex)
  const half = bytes.length >> 1
  if (name === '2-enc-slow-beyond-deadline') return [bytes.subarray(0, half)]
  if (name === '2-enc-in-two-writes') return [bytes.subarray(0, half), bytes.subarray(half)]
  if (requestLength !== undefined)
    return [bytes, ...Array.from({ length: 32 }, () => new Uint8Array((requestLength - bytes.length) / 32))]
  if (reads === undefined) return bytes.length === 0 ? [] : [bytes]
  let at = 0
  return reads.map((size) => {
    at += size
    return bytes.subarray(at - size, at)
  })
}
