import type { Libp2p } from '@libp2p/interface'
import { type Address, formatAddress, parseAddress } from '@sealane/actors'
import { attoFilFromText } from '@sealane/fil-units'
import { Health } from '@sealane/host'
import type { DealRow, OperatorHandlers, providerOperator } from '@sealane/proto'
import { type AskBook, askRowOf } from '../asks/ask-book.js'
import type { ChainView } from '../chain/chain-view.js'
import type { CancelDeal } from '../deals/cancel-deal.js'
import { dealRowOf } from '../deals/deal-row.js'
import type { DealSelection } from '../deals/deal-selection.js'
import type { DealStore } from '../deals/deal-store.js'
import type { ImportData } from '../deals/import-data.js'
import type { Ledger } from '../deals/ledger.js'
import type { MinerAddress } from '../deals/miner-address.js'
import type { PeerDesk } from '../peers/peer-desk.js'
import type { PeerRules } from '../peers/peer-rules.js'
import type { DealTable } from '../provider-db.js'
import type { Staging } from '../staging/staging.js'
import type { TransferDesk } from '../transfer/transfer-desk.js'
import type { TransferRunner } from '../transfer/transfer-runner.js'
import type { TransferStore } from '../transfer/transfer-store.js'

/** Deals listed unless more are asked for. */
const defaultListLimit = 1000

/** The operator API's methods over the rooms of the provider. */
export class OperatorRoom {
  constructor(
    private readonly health: Health,
    private readonly chain: ChainView,
    private readonly miner: MinerAddress,
    private readonly deals: DealStore,
    private readonly transfers: TransferStore,
    private readonly running: TransferRunner,
    private readonly imports: ImportData,
    private readonly cancel: CancelDeal,
    private readonly ledger: Ledger,
    private readonly staging: Staging,
    private readonly asks: AskBook,
    private readonly selection: DealSelection,
    private readonly host: Libp2p,
    private readonly desk: PeerDesk,
    private readonly peerRules: PeerRules,
    private readonly transferDesk: TransferDesk,
  ) {}

  handlers(): OperatorHandlers<typeof providerOperator> {
    return {
      health: async () => this.health.report(),
      status: async () => {
        const [head, format] = [await this.chain.head(), await this.#formatter()]
        const miner = this.miner.get()
        return {
          miner: miner === undefined ? '' : format(miner),
          peerId: this.host.peerId.toString(),
          multiaddrs: this.desk.addresses(),
          headEpoch: head === 'unavailable' ? null : head,
          stagingUsedBytes: String((await this.ledger.held()).stagingBytes),
          stagingLimitBytes: String(await this.staging.limitBytes()),
        }
      },
      'deals.list': async ({ state, limit }) =>
        await this.#rows(await this.deals.list({ state, limit: limit ?? defaultListLimit })),
      'deals.get': async ({ id }) => await this.#row(await this.deals.find(id)),
      'deals.log': async ({ id }) => {
        const { deal_uuid } = await this.deals.find(id)
        const lines = await this.deals.log(deal_uuid)
        return lines.map(({ at_ms, ...line }) => ({ atMs: at_ms, ...line }))
      },
      'deals.importData': async ({ id, path }) => {
        const deal = await this.imports.importData(id, path)
        this.running.poke()
        return await this.#row(deal)
      },
      'deals.cancel': async ({ id }) => await this.#row(await this.cancel.cancel(id)),
      'transfers.list': async ({ completed, failed, limit }) =>
        await this.transferDesk.list({ completed: completed ?? false, failed: failed ?? false, limit }),
      'transfers.pause': async ({ id }) => await this.transferDesk.pause(id),
      'transfers.resume': async ({ id }) => await this.transferDesk.resume(id),
      'transfers.restart': async ({ id }) => await this.transferDesk.restart(id),
      'transfers.cancel': async ({ id }) => await this.transferDesk.cancel(id),
      'miner.set': async ({ address }) => {
        const set = await this.miner.set(address)
        await this.asks.ensureFirst()
        return { miner: (await this.#formatter())(set) }
      },
      'selection.get': async () => this.selection.row(),
      'selection.set': async (change) => {
        await this.selection.change(change)
        return this.selection.row()
      },
      'asks.get': async () => await this.asks.row(),
      'asks.set': async ({ price, verifiedPrice, minPieceSize, maxPieceSize, durationEpochs }) =>
        askRowOf(
          await this.asks.set({
            price: attoFilFromText(price),
            verifiedPrice: attoFilFromText(verifiedPrice),
            minPieceSize: minPieceSize === undefined ? undefined : BigInt(minPieceSize),
            maxPieceSize: maxPieceSize === undefined ? undefined : BigInt(maxPieceSize),
            durationEpochs,
          }),
        ),
      'net.id': async () => ({ peerId: this.host.peerId.toString(), protocols: this.host.getProtocols() }),
      'net.listen': async () => this.desk.addresses(),
      'net.peers': async () =>
        this.host.getPeers().map((peer) => ({
          peerId: peer.toString(),
          addrs: this.host.getConnections(peer).map(({ remoteAddr }) => remoteAddr.toString()),
        })),
      'net.connect': async ({ addr }) => ({ peerId: await this.desk.connect(addr) }),
      'net.ping': async ({ peer }) => await this.desk.ping(peer),
      'net.reachability': async () => await this.desk.reachability(),
      'net.blocks': async () => this.peerRules.blocked(),
      'net.block': async ({ what, names }) => {
        await this.desk.block(what, names)
        return this.peerRules.blocked()
      },
      'net.unblock': async ({ what, names }) => {
        await this.peerRules.unblock(what, names)
        return this.peerRules.blocked()
      },
      'net.protected': async () => [...this.peerRules.protectedPeers()],
      'net.protect': async ({ peerIds }) => {
        await this.desk.protect(peerIds)
        return [...this.peerRules.protectedPeers()]
      },
      'net.unprotect': async ({ peerIds }) => {
        await this.desk.unprotect(peerIds)
        return [...this.peerRules.protectedPeers()]
      },
    }
  }

  async #row(deal: DealTable): Promise<DealRow> {
    const [row] = await this.#rows([deal])
    if (row === undefined) throw new TypeError('one deal makes one row')
    return row
  }

  async #rows(deals: readonly DealTable[]): Promise<DealRow[]> {
    const transfers = await this.transfers.of(deals.map((deal) => deal.deal_uuid))
    const format = await this.#formatter()
    return deals.map((deal) => {
      const transfer = transfers.get(deal.deal_uuid)
      const received = this.running.received(deal.deal_uuid)
      const live =
        transfer === undefined || received === undefined
          ? transfer
          : { ...transfer, received_bytes: received }
      return dealRowOf(deal, live, format)
    })
  }

  async #formatter(): Promise<(address: string) => string> {
    const network = await this.chain.network()
    const prefix = network === 'unavailable' ? 'f' : network.prefix
    return (address: Address | string) => formatAddress(parseAddress(address), prefix)
  }
}
