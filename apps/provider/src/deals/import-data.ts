import { addFil, attoFilFromText } from '@sealane/fil-units'
import { failureOf, Log } from '@sealane/host'
import { checkpointFor } from '@sealane/market'
import { writing } from '@sealane/sql'
import type { Clock } from '../clock.js'
import type { DealTable, TransferTable } from '../provider-db.js'
import { ProviderError } from '../provider-error.js'
import type { Staging } from '../staging/staging.js'
import { checkImport } from '../transfer/import-source.js'
import type { TransferStore } from '../transfer/transfer-store.js'
import type { CollateralFunds } from './collateral-funds.js'
import { columnOf, type DealStore } from './deal-store.js'
import type { Ledger } from './ledger.js'

/** Takes an offline deal's bytes from a local file. The copy and its check run like a transfer, and survive a crash like one. */
export class ImportData {
  constructor(
    private readonly roots: readonly string[],
    private readonly deals: DealStore,
    private readonly transfers: TransferStore,
    private readonly ledger: Ledger,
    private readonly staging: Staging,
    private readonly funds: CollateralFunds,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /**
   * Names the file of a deal and returns the deal's row; the bytes are read afterwards.
   * @throws {ProviderError} DEAL_UNKNOWN, NOT_AWAITING_DATA, IMPORT_REFUSED
   */
  async importData(id: string, path: string): Promise<DealTable> {
    const { deal_uuid: dealUuid } = await this.deals.find(id)
    const sizeBytes = await checkImport(path, this.roots)
    const limitBytes = await this.staging.limitBytes()
    const collateralLimit = await this.funds.limit()
    return await writing(this.deals.db, async (trx) => {
      const deal = await this.deals.get(dealUuid, trx)
      const transfer = await this.transfers.get(dealUuid, trx)
      if (deal.state !== 'AwaitingData' || transfer.state !== 'AwaitingImport') {
        const state = deal.state === 'AwaitingData' ? `importing ${transfer.import_path}` : deal.state
        const checkpoint = deal.offline === 1 && deal.staged === 1 ? checkpointFor(deal.state) : null
        throw new ProviderError({ code: 'NOT_AWAITING_DATA', dealUuid, state, checkpoint })
      }
      const roomBytes = (deal.piece_size / 128) * 127
      const refused = (reason: string) => new ProviderError({ code: 'IMPORT_REFUSED', path, reason })
      if (sizeBytes > roomBytes) {
        throw refused(
          `it has ${sizeBytes} bytes, a piece of ${deal.piece_size} bytes has room for ${roomBytes}`,
        )
      }
      if ((await this.ledger.held(trx)).stagingBytes + sizeBytes > limitBytes) {
        throw refused(
          'staging has no room for it: wait for home to take other pieces, or raise staging.max_bytes',
        )
      }
      const collateral = attoFilFromText(deal.provider_collateral)
      if (collateralLimit === 'unavailable') throw refused('no chain node answers: try again')
      if (addFil((await this.ledger.held(trx)).collateral, collateral) > collateralLimit) {
        throw refused('provider has insufficient funds to accept deal: add to the miner’s market escrow')
      }
      const holding = {
        staging_reserved: sizeBytes,
        collateral_reserved: 1 - deal.collateral_reserved,
        provider_collateral: deal.provider_collateral,
      }
      await this.ledger.take(trx, holding)
      await this.transfers.move(trx, transfer, 'imported', {
        import_path: path,
        total_bytes: sizeBytes,
        received_bytes: 0,
        wake_at: this.clock.now(),
        failure: null,
      })
      await this.deals.note(trx, dealUuid, 'imported', deal.state, path)
      return await this.deals.update(trx, deal, {
        staging_reserved: sizeBytes,
        collateral_reserved: 1,
        failure: null,
      })
    })
  }

  /** The file was the wrong one, or cannot be read: the deal goes on waiting for the right one. */
  async refuse(transfer: TransferTable, cause: unknown): Promise<void> {
    const failure = failureOf(cause)
    const text = failure.text.replace(
      'failed to verify CommP',
      'error when matching commP for imported data for offline deal',
    )
    // Before the row: as soon as the deal waits again, the operator may name another file, to be written here.
    await this.staging.discard(transfer.deal_uuid, text)
    await writing(this.deals.db, async (trx) => {
      const verifying =
        transfer.state === 'Running' ? await this.transfers.move(trx, transfer, 'bytesComplete') : transfer
      await this.transfers.move(trx, verifying, 'importMismatched', {
        import_path: null,
        total_bytes: 0,
        received_bytes: 0,
      })
      const deal = await this.deals.get(transfer.deal_uuid, trx)
      const changes = {
        ...(await this.ledger.giveBackStaging(trx, deal)),
        ...(await this.ledger.giveBackCollateral(trx, deal)),
        failure: columnOf({ ...failure, remedy: 'hold', text }),
      }
      await this.deals.move(trx, deal, 'dataRefused', changes, text)
    })
    this.log.warn('import refused', { dealUuid: transfer.deal_uuid, reason: text })
  }
}
