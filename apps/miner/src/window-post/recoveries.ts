import { Injectable } from '@nestjs/common'
import { type Address, BitField, declareFaultsRecoveredParams, minerMethods } from '@sealane/actors'
import { ChainPort, type TipSet } from '@sealane/chain'
import { attoFil } from '@sealane/fil-units'
import { Log } from '@sealane/host'
import { writing } from '@sealane/sql'
import { z } from 'zod'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { MessageStore } from '../messages/message-store.js'
import { Messager } from '../messages/messager.js'
import { MinerError } from '../miner-error.js'
import { Network } from '../network/network.js'
import { messageLost } from '../sectors/message-lost.js'
import { Wallet } from '../wallet/wallet.js'
import { EarlierReads, LANDING_SLACK_EPOCHS } from './earlier-reads.js'
import { type PartitionRow, rowIdOf, sectorsOf } from './partition-row.js'
import { PartitionStore } from './partition-store.js'
import { PostClaims } from './post-claims.js'
import { PostOffers } from './post-offers.js'
import { VanillaStore } from './vanilla-store.js'
import { WindowPostOptions } from './window-post-options.js'

/** Faults change when deadlines close and declarations land: no need to ask at every head. Unit: ms. */
const LOOK_EVERY_MS = 500
/** A faulty sector is read again this often, in wall time of so many epochs. */
const CHECK_EVERY_EPOCHS = 10
/** Epochs before the cutoff at which what is not read yet is no longer waited for. */
const DECIDE_EPOCHS = 10

const declarationText = z.object({ uuid: z.string(), sectors: z.array(z.int()) })

/**
 * Brings faulty sectors back: reads them again where they lie, with an earlier challenge, and declares those that read well as recovered
 * before the cutoff of their next deadline. The PoSt of that deadline then covers them. Declares nothing it has not seen read.
 */
@Injectable()
export class Recoveries {
  #lookedMs = 0

  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly network: Network,
    private readonly wallet: Wallet,
    private readonly messager: Messager,
    private readonly messages: MessageStore,
    private readonly partitions: PartitionStore,
    private readonly vanilla: VanillaStore,
    private readonly reads: EarlierReads,
    private readonly claims: PostClaims,
    private readonly offers: PostOffers,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly options: WindowPostOptions,
  ) {}

  async round(miner: Address, head: TipSet): Promise<void> {
    const rows = (await this.partitions.open(miner)).filter(({ state }) => state === 'Waiting')
    for (const row of rows.filter(({ declaration }) => declaration !== null)) await this.#follow(row, head)
    const due = rows.filter((row) => this.#inTime(row, head))
    const now = this.clock.now()
    if (due.length === 0 || Math.abs(now - this.#lookedMs) < LOOK_EVERY_MS) return
    this.#lookedMs = now
    const [faults, recovering] = await Promise.all([
      this.chain.minerFaults(miner, head.key),
      this.chain.minerRecoveries(miner, head.key),
    ])
    const faulty = faults.subtract(recovering)
    if (faulty.isEmpty) return
    for (const row of due) {
      const sectors = sectorsOf(row.all_sectors).filter((sector) => faulty.has(sector))
      if (sectors.length > 0) await this.#recover(row, head, sectors)
    }
  }

  /** Two deadlines ahead at 30 s epochs; a chain with shorter ones gets as many as the same time holds. */
  #inTime(row: PartitionRow, head: TipSet): boolean {
    const { blockDelaySeconds, policy } = this.network.require()
    const byTime = Math.floor(this.options.recoveryLeadMs / (blockDelaySeconds * 1_000))
    const lead = Math.min(Math.max(byTime, 2 * policy.challengeWindow), policy.provingPeriod)
    return head.height >= row.open - lead && head.height < row.fault_cutoff - LANDING_SLACK_EPOCHS
  }

  async #recover(row: PartitionRow, head: TipSet, sectors: readonly number[]): Promise<void> {
    const current = await this.#wantChecks(row, head, sectors)
    await this.offers.vanillaOf(current)
    const declared =
      row.declaration === null ? [] : declarationText.parse(JSON.parse(row.declaration)).sectors
    const lastCall = head.height >= row.fault_cutoff - DECIDE_EPOCHS
    // A path that takes longer than the time left must not keep back, for a whole period, those of its sectors that read well.
    await this.claims.adoptDelivered(rowIdOf(row), row.turn, { heldToo: lastCall })
    const checks = await this.vanilla.of(rowIdOf(row), row.turn)
    const good = checks
      .filter((check) => check.state === 'arrived' && sectors.includes(check.sector_number))
      .map((check) => check.sector_number)
    const waiting = checks.some(({ state }) => state === 'wanted')
    // One message for all that read well: wait for the others while they are being read, but not past the middle of the time left.
    const late =
      lastCall || !waiting || this.clock.now() - Math.min(...checks.map(({ at_ms }) => at_ms)) > 30_000
    if (good.length === 0 || declared.length > 0 || !late) return
    await this.#declare(row, good)
  }

  /** Reads what was not read yet, and again what failed a while ago. */
  async #wantChecks(row: PartitionRow, head: TipSet, sectors: readonly number[]): Promise<PartitionRow> {
    const { blockDelaySeconds } = this.network.require()
    const checks = new Map(
      (await this.vanilla.of(rowIdOf(row), row.turn)).map((check) => [check.sector_number, check]),
    )
    const fresh = sectors.filter((sector) => !checks.has(sector))
    const now = this.clock.now()
    const againMs = CHECK_EVERY_EPOCHS * blockDelaySeconds * 1_000
    const again = sectors.filter((sector) => {
      const check = checks.get(sector)
      return check?.state === 'failed' && now - check.at_ms >= againMs
    })
    return await this.reads.want(row, head, fresh, again)
  }

  async #declare(row: PartitionRow, sectors: readonly number[]): Promise<void> {
    const from = this.wallet.role('control-post').address
    await writing(this.db, async (trx) => {
      const message = await this.messager.request(trx, {
        requestId: `recover-${rowIdOf(row)}-${row.declarations + 1}`,
        class: 'recoveries',
        from,
        to: row.miner as Address,
        value: attoFil(0n),
        method: minerMethods.DeclareFaultsRecovered,
        params: declareFaultsRecoveredParams.encode({
          recoveries: [{ deadline: row.deadline, partition: row.partition, sectors: BitField.of(sectors) }],
        }),
        reason: `sectors ${sectors.slice(0, 20).join(', ')} read well again`,
      })
      const declaration = JSON.stringify({ uuid: message.uuid, sectors })
      await this.partitions.note(
        row,
        {
          declaration,
          declarations: row.declarations + 1,
          why: `declares ${sectors.length} sectors recovered`,
        },
        trx,
      )
    })
    this.log.info('sectors declared recovered', { row: rowIdOf(row), sectors })
    this.messager.nudge()
  }

  async #follow(row: PartitionRow, head: TipSet): Promise<void> {
    if (row.declaration === null) return
    const { uuid, sectors } = declarationText.parse(JSON.parse(row.declaration))
    const message = await this.messages.byUuid(uuid)
    const lost = message === undefined ? undefined : messageLost(message)
    if (message?.state === 'Confirmed') {
      await this.partitions.note(row, {
        declaration: null,
        why: `${sectors.length} sectors are declared recovered`,
      })
    } else if (lost !== undefined) {
      this.log.warn('recovery not declared', { row: rowIdOf(row), sectors, why: lost.text })
      // Read once more before it is declared again: what spoke against it may be older than the message.
      await writing(this.db, async (trx) => {
        await this.claims.forgetDelivered(trx, rowIdOf(row), row.turn)
        await this.vanilla.wantAgain(trx, rowIdOf(row), row.turn, sectors)
        await this.partitions.note(
          row,
          { declaration: null, failure: JSON.stringify(lost), why: lost.text, wake_at: null },
          trx,
        )
      })
    } else if (message !== undefined && head.height >= row.fault_cutoff) {
      const reason = 'the deadline takes no more recoveries'
      await this.messager.withdraw(uuid, new MinerError({ code: 'BAD_REQUEST', reason }, reason))
    } else if (message !== undefined && message.why !== null) {
      await this.partitions.note(row, { why: `its recovery waits: ${message.why}` })
    }
  }
}
