import type { TransferState } from '@sealane/lifecycle'
import { knows, transferTransitions } from '@sealane/lifecycle'
import type { Failure, TransferRow } from '@sealane/proto'
import { compareAndSet, SqlError, writing } from '@sealane/sql'
import type { Clock } from '../clock.js'
import type { CancelDeal } from '../deals/cancel-deal.js'
import type { DealStore } from '../deals/deal-store.js'
import type { DealTable, ProviderTransaction, TransferTable } from '../provider-db.js'
import { ProviderError } from '../provider-error.js'
import { hostOf } from './host-of.js'
import type { TransferRunner } from './transfer-runner.js'
import type { TransferStore } from './transfer-store.js'

/** Transfers listed unless more are asked for. */
const defaultListLimit = 1000
/** The runner writes the same row: how often we look again. */
const maxTries = 5

const under: readonly TransferState[] = [
  'Queued',
  'Running',
  'Waiting',
  'Paused',
  'AwaitingImport',
  'Verifying',
]

/** What an operator sees and says of the inbound transfers. */
export class TransferDesk {
  constructor(
    private readonly deals: DealStore,
    private readonly transfers: TransferStore,
    private readonly runner: TransferRunner,
    private readonly cancelDeal: CancelDeal,
    private readonly clock: Clock,
  ) {}

  /** Those under way, oldest first; finished and failed ones too when asked for. */
  async list(o: { completed: boolean; failed: boolean; limit?: number | undefined }): Promise<TransferRow[]> {
    const states = [
      ...under,
      ...(o.completed ? ['Done' as const] : []),
      ...(o.failed ? ['Failed' as const] : []),
    ]
    const rows = await this.deals.db
      .selectFrom('transfers')
      .selectAll()
      .where('state', 'in', states)
      .orderBy('state_since_ms', 'desc')
      .limit(o.limit ?? defaultListLimit)
      .execute()
    const told = await Promise.all(
      rows.map(async (row) => this.#row(await this.deals.get(row.deal_uuid), row)),
    )
    return told.sort((a, b) => a.createdMs - b.createdMs)
  }

  /** Stops a transfer until it is resumed; what has come stays on disk. @throws {ProviderError} TRANSFER_STATE */
  async pause(id: string): Promise<TransferRow> {
    return await this.#change(id, 'paused', async (trx, transfer) => {
      if (!knows(transferTransitions, transfer.state, 'paused')) return undefined
      const received = this.runner.received(transfer.deal_uuid) ?? transfer.received_bytes
      return await this.transfers.move(trx, transfer, 'paused', { received_bytes: received })
    })
  }

  /** @throws {ProviderError} TRANSFER_STATE when it is not paused */
  async resume(id: string): Promise<TransferRow> {
    return await this.#change(id, 'resumed', async (trx, transfer) =>
      transfer.state === 'Paused'
        ? await this.transfers.move(trx, transfer, 'resumed', { wake_at: this.clock.now(), tries: 0 })
        : undefined,
    )
  }

  /**
   * Breaks a stalled transfer off and begins it again now, from the bytes on disk, as if it had not failed before.
   * @throws {ProviderError} TRANSFER_STATE
   */
  async restart(id: string): Promise<TransferRow> {
    return await this.#change(id, 'restarted', async (trx, transfer) => {
      const fresh = { wake_at: this.clock.now(), tries: 0, restarts: 0 }
      switch (transfer.state) {
        case 'Running':
          return await this.transfers.move(trx, transfer, 'interrupted', fresh)
        case 'Paused':
          return await this.transfers.move(trx, transfer, 'resumed', fresh)
        case 'Queued':
        case 'Waiting': {
          const key = { deal_uuid: transfer.deal_uuid }
          const turn = await compareAndSet(trx, 'transfers', key, transfer.turn, fresh)
          return { ...transfer, ...fresh, turn }
        }
        default:
          return undefined
      }
    })
  }

  /** Ends the transfer and with it its deal: the client is told. @throws {ProviderError} TRANSFER_STATE, NOT_CANCELLABLE */
  async cancel(id: string): Promise<TransferRow> {
    const { deal_uuid: dealUuid } = await this.deals.find(id)
    const { state } = await this.transfers.get(dealUuid)
    if (!under.includes(state))
      throw new ProviderError({ code: 'TRANSFER_STATE', dealUuid, state, wanted: 'cancelled' })
    return await this.#row(await this.cancelDeal.cancel(dealUuid), await this.transfers.get(dealUuid))
  }

  /** The row first, then the slot that runs it: a runner that finds its row moved on leaves it alone. */
  async #change(
    id: string,
    wanted: string,
    change: (trx: ProviderTransaction, transfer: TransferTable) => Promise<TransferTable | undefined>,
  ): Promise<TransferRow> {
    const { deal_uuid: dealUuid } = await this.deals.find(id)
    for (let tried = 1; ; tried += 1) {
      try {
        const after = await writing(this.deals.db, async (trx) => {
          const transfer = await this.transfers.get(dealUuid, trx)
          const moved = await change(trx, transfer)
          if (moved === undefined)
            throw new ProviderError({ code: 'TRANSFER_STATE', dealUuid, state: transfer.state, wanted })
          const deal = await this.deals.get(dealUuid, trx)
          await this.deals.note(trx, dealUuid, wanted, deal.state, 'by the operator')
          return moved
        })
        await this.runner.cancel(dealUuid)
        this.runner.poke()
        return await this.#row(await this.deals.get(dealUuid), after)
      } catch (error) {
        if (!(error instanceof SqlError) || error.code !== 'STALE_TURN' || tried >= maxTries) throw error
      }
    }
  }

  #row(deal: DealTable, transfer: TransferTable): TransferRow {
    return {
      dealUuid: deal.deal_uuid,
      signedProposalCid: deal.signed_proposal_cid,
      rootCid: this.deals.params(deal).dealDataRoot,
      state: transfer.state,
      stateSinceMs: transfer.state_since_ms,
      createdMs: deal.created_ms,
      from: hostOf(this.deals, deal, transfer),
      offline: deal.offline === 1,
      receivedBytes: String(this.runner.received(deal.deal_uuid) ?? transfer.received_bytes),
      totalBytes: String(transfer.total_bytes),
      tries: transfer.tries,
      nextTryMs: transfer.state === 'Waiting' ? transfer.wake_at : null,
      failure: transfer.failure === null ? null : (JSON.parse(transfer.failure) as Failure),
    }
  }
}
