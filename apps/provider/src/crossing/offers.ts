import { clientDealProposal } from '@sealane/actors'
import type { HomewardMessage } from '@sealane/jobs'
import type { DealParams } from '@sealane/market'
import type { Outbox } from '@sealane/sql'
import type { Clock } from '../clock.js'
import type { DealTable, ProviderTransaction } from '../provider-db.js'

/** What we tell home, put into the outbox in the transaction that made it true. */
export class Offers {
  #poke: () => void = () => {}

  constructor(
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  /** Who is to be woken when something was put. */
  onPut(poke: () => void): void {
    this.#poke = poke
  }

  /** Call after the commit of a transaction that put something. */
  poke(): void {
    this.#poke()
  }

  /** A verified piece waits here. */
  async offer(
    trx: ProviderTransaction,
    deal: DealTable,
    params: DealParams,
    payloadBytes: number,
  ): Promise<void> {
    const message: HomewardMessage = {
      kind: 'dealOffered',
      dealUuid: deal.deal_uuid,
      signedProposal: base64(clientDealProposal.encode(params.clientDealProposal)),
      pieceCid: deal.piece_cid,
      pieceSize: String(deal.piece_size),
      payloadSize: String(payloadBytes),
    }
    await this.outbox.put(trx, deal.deal_uuid, message, this.clock.now())
  }

  /** The deal ended here; takes the place of its offer. */
  async withdraw(trx: ProviderTransaction, dealUuid: string, reason: string): Promise<void> {
    const message: HomewardMessage = { kind: 'dealWithdrawn', dealUuid, reason: reason.slice(0, 500) }
    await this.outbox.put(trx, dealUuid, message, this.clock.now())
  }

  /** The operator wants this ask signed. `ask`: CBOR StorageAsk. */
  async wantAsk(trx: ProviderTransaction, sequence: number, ask: Uint8Array): Promise<void> {
    const message: HomewardMessage = { kind: 'askWanted', sequence, ask: base64(ask) }
    await this.outbox.put(trx, 'ask', message, this.clock.now())
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
