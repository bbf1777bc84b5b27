import type { Libp2p } from '@libp2p/interface'
import { Log } from '@sealane/host'
import {
  askProtocol,
  dealProtocols,
  providerReadTimeoutMs,
  statusProtocol,
  transportsProtocol,
} from '@sealane/market'
import { serveAsks, serveDeals, serveStatus, serveTransports } from '@sealane/market/node'
import type { AskBook } from '../asks/ask-book.js'
import type { Clock } from '../clock.js'
import type { ProviderConfig } from '../config.js'
import type { RateLimit } from '../peers/rate-limit.js'
import type { AnswerStatus } from '../status/answer-status.js'
import type { AdmitDeal } from './admit-deal.js'
import type { MinerAddress } from './miner-address.js'

/** Registers the market's protocols on the host. What is decided lies elsewhere. */
export class DealListener {
  constructor(
    private readonly config: ProviderConfig,
    private readonly host: Libp2p,
    private readonly admit: AdmitDeal,
    private readonly status: AnswerStatus,
    private readonly asks: AskBook,
    private readonly miner: MinerAddress,
    private readonly limit: RateLimit,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly readTimeoutMs = providerReadTimeoutMs,
  ) {}

  async listen(): Promise<void> {
    const options = { maxInboundStreams: this.config.libp2p.streams_per_protocol }
    const failed = (protocol: string) => (cause: unknown, peer: string) =>
      this.log.info('stream left without an answer', { protocol, peer, error: cause })
    const deals = serveDeals({
      judge: async (params, peer, request) =>
        this.limit.take(peer, this.clock.now())
          ? await this.admit.admit(params, peer, request)
          : { accepted: false, message: 'too many proposals from this peer: try again in a few seconds' },
      failed: failed('deal'),
      readTimeoutMs: this.readTimeoutMs,
    })
    await this.host.handle([...dealProtocols], deals, options)
    const status = serveStatus({ answer: (request) => this.status.answer(request), failed: failed('status') })
    await this.host.handle(statusProtocol, status, options)
    const asks = serveAsks({
      answer: async ({ miner }) => ({ ask: miner === this.miner.get() ? await this.asks.shown() : null }),
      failed: failed('ask'),
    })
    await this.host.handle(askProtocol, asks, options)
    const transports = serveTransports({
      transports: () => ({
        protocols: [{ name: 'libp2p', addresses: this.host.getMultiaddrs().map((address) => address.bytes) }],
      }),
      failed: failed('transports'),
    })
    await this.host.handle(transportsProtocol, transports, options)
  }
}
