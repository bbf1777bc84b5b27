import { commitmentOf, parseCid, pieceCid } from '@sealane/actors'
import type { PaddedSize } from '@sealane/fil-units'
import { failureOf, Log, type Repeated, remedyOf, repeatedly } from '@sealane/host'
import { decodeTransferParams, parseTransferUrl, transferHeaders, transferScheme } from '@sealane/market'
import { commPMatches, PieceError } from '@sealane/pieces'
import { backoffMs, SqlError, writing } from '@sealane/sql'
import type { Clock } from '../clock.js'
import type { ProviderConfig } from '../config.js'
import type { Offers } from '../crossing/offers.js'
import { columnOf, type DealStore } from '../deals/deal-store.js'
import type { EndDeal } from '../deals/end-deal.js'
import type { ImportData } from '../deals/import-data.js'
import type { DealTable, TransferTable } from '../provider-db.js'
import { ProviderError } from '../provider-error.js'
import type { Staging } from '../staging/staging.js'
import type { AddressGuard } from './address-guard.js'
import { fetchHttp } from './fetch-http.js'
import { type Dial, fetchLibp2p } from './fetch-libp2p.js'
import { hostOf } from './host-of.js'
import { importSource } from './import-source.js'
import { PieceFile } from './piece-file.js'
import type { Source, Wanted } from './source.js'
import type { TransferStore } from './transfer-store.js'

/** How often due transfers are looked for without being poked. Unit: ms. */
const lookEveryMs = 1_000
/** First pause before a transfer is tried again; doubles. Unit: ms. */
const retryBaseMs = 2_000
/** How often progress is written down. Unit: ms. */
const noteEveryMs = 2_000
/** How often the bytes may begin again at 0 before the source counts as unable to resume. */
const maxRestarts = 3

/** Carries bytes into staging: at most so many at once and per host, each resumed from what is on disk. */
export class TransferRunner {
  readonly #running = new Map<
    string,
    { host: string; abort: AbortController; done: Promise<void>; received: number }
  >()
  #looking: Repeated | undefined
  /** The last due transfer that was looked at: the next look goes on behind it, so that none is always behind others of a slow host. */
  #lookedAt: TransferTable | undefined
  /** Transfers that nobody carries although their rows say so: how they broke off could not be written down yet. */
  readonly #unwritten = new Map<string, unknown>()

  constructor(
    private readonly config: ProviderConfig,
    private readonly deals: DealStore,
    private readonly transfers: TransferStore,
    private readonly staging: Staging,
    private readonly end: EndDeal,
    private readonly imports: ImportData,
    private readonly offers: Offers,
    private readonly guard: AddressGuard,
    private readonly dial: Dial,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Takes up what a crash or a stop broke off, then looks for due transfers every second and when poked. */
  async start(): Promise<void> {
    await writing(this.deals.db, async (trx) => {
      const broken = await trx
        .selectFrom('transfers')
        .selectAll()
        .where('state', 'in', ['Running', 'Verifying'])
        .execute()
      for (const transfer of broken) {
        await this.transfers.move(trx, transfer, 'interrupted', { wake_at: this.clock.now() })
      }
    })
    const run = (signal: AbortSignal) => this.#look(signal)
    this.#looking = repeatedly({ name: 'transfers', everyMs: lookEveryMs, run, log: this.log })
  }

  /** Breaks all transfers off; what has come stays on disk. */
  async stop(): Promise<void> {
    await this.#looking?.close()
    for (const { abort } of this.#running.values()) abort.abort()
    await Promise.all([...this.#running.values()].map(({ done }) => done))
  }

  /** Looks for due transfers now. */
  poke(): void {
    this.#looking?.nudge()
  }

  /** Bytes here of a transfer that runs now. */
  received(dealUuid: string): number | undefined {
    return this.#running.get(dealUuid)?.received
  }

  /** Stops one transfer, because its deal has ended. */
  async cancel(dealUuid: string): Promise<void> {
    const running = this.#running.get(dealUuid)
    running?.abort.abort()
    await running?.done
  }

  async #look(signal: AbortSignal): Promise<void> {
    for (const [dealUuid, cause] of this.#unwritten) await this.#writeBroken(dealUuid, cause)
    const fromMiddle = this.#lookedAt !== undefined
    const atEnd = await this.#startDue(signal)
    if (atEnd && fromMiddle) await this.#startDue(signal)
  }

  /** Starts due transfers, from where the last look stopped. Returns whether it came to the end of them. */
  async #startDue(signal: AbortSignal): Promise<boolean> {
    const { concurrency } = this.config.transfer
    const most = concurrency * 4 + this.#running.size
    const due = await this.transfers.due(this.clock.now(), most, this.#lookedAt)
    for (const transfer of due) {
      if (signal.aborted || this.#running.size >= concurrency) return false
      this.#lookedAt = transfer
      if (this.#running.has(transfer.deal_uuid)) continue
      const deal = await this.deals.read(transfer.deal_uuid)
      if (deal === undefined) continue
      // One slow host cannot hold every slot.
      const host = hostOf(this.deals, deal, transfer)
      const sameHost = [...this.#running.values()].filter((other) => other.host === host).length
      if (sameHost >= this.config.transfer.per_host) continue
      const abort = new AbortController()
      const slot = { host, abort, done: Promise.resolve(), received: transfer.received_bytes }
      this.#running.set(deal.deal_uuid, slot)
      slot.done = this.#run(deal, transfer, abort.signal)
        .catch((error: unknown) => {
          // The row moved on under us (an expired deal, for instance): whoever moved it has dealt with it.
          if (isStale(error)) return
          this.log.error('transfer broke', { dealUuid: deal.deal_uuid, error })
          this.#unwritten.set(deal.deal_uuid, error)
        })
        .finally(() => {
          this.#running.delete(deal.deal_uuid)
          this.poke()
        })
    }
    if (due.length === most) return false
    this.#lookedAt = undefined
    return true
  }

  /** Writes down, later than it should, that a transfer broke off. */
  async #writeBroken(dealUuid: string, cause: unknown): Promise<void> {
    try {
      if (!this.#running.has(dealUuid)) {
        const { received_bytes: bytes } = await this.transfers.get(dealUuid)
        await this.#broken(dealUuid, bytes, bytes, cause, neverAborted)
      }
      this.#unwritten.delete(dealUuid)
    } catch (error) {
      this.log.error('a broken transfer could not be written down, will repeat', { dealUuid, error })
    }
  }

  async #run(deal: DealTable, transfer: TransferTable, signal: AbortSignal): Promise<void> {
    const dealUuid = deal.deal_uuid
    const begun = await this.#begin(deal, transfer)
    let file: PieceFile | undefined
    let before = begun.transfer.received_bytes
    try {
      file = await PieceFile.open(this.staging.path(dealUuid), begun.transfer.total_bytes)
      before = file.size
      const bytes = await this.#receive(begun.deal, begun.transfer, file, signal)
      await this.#verify(begun.deal, begun.transfer, file, bytes)
    } catch (cause) {
      await this.#broken(dealUuid, before, file?.size ?? before, cause, signal)
    } finally {
      await file?.close()
    }
  }

  /** Writes down that the bytes begin to move. */
  async #begin(
    deal: DealTable,
    transfer: TransferTable,
  ): Promise<{ deal: DealTable; transfer: TransferTable }> {
    return await writing(this.deals.db, async (trx) => {
      // A file named by the operator is being verified from the moment it is named.
      if (transfer.state === 'Verifying')
        return { deal, transfer: await this.transfers.asleep(trx, transfer) }
      const moved = await this.transfers.move(trx, transfer, 'started')
      if (deal.state !== 'Accepted') return { deal, transfer: moved }
      return { deal: await this.deals.move(trx, deal, 'transferStarted'), transfer: moved }
    })
  }

  /** Returns whether the bytes are of one answer, or joined to what an earlier try left. */
  async #receive(
    deal: DealTable,
    transfer: TransferTable,
    file: PieceFile,
    signal: AbortSignal,
  ): Promise<'whole' | 'joined'> {
    const total = transfer.total_bytes
    if (file.size === total) return 'joined'
    const { stall_timeout: stallMs } = this.config.transfer
    const wanted: Wanted = { offset: file.size, size: total, validator: transfer.validator }
    const source = await this.#open(deal, transfer, wanted, signal)
    try {
      if (source.start === 0 && wanted.offset > 0) await this.#startOver(transfer, file, source)
      else await this.#remember(transfer.deal_uuid, { validator: source.validator })
      let noted = this.clock.now()
      for await (const chunk of unstalled(source, stallMs)) {
        signal.throwIfAborted()
        if (file.size + chunk.length > total) {
          throw new ProviderError({
            code: 'TRANSFER_IMPOSSIBLE',
            reason: `the server sends more than the ${total} bytes of the deal`,
          })
        }
        await file.write(chunk)
        const slot = this.#running.get(deal.deal_uuid)
        if (slot !== undefined) slot.received = file.size
        if (this.clock.now() - noted > noteEveryMs) {
          noted = this.clock.now()
          await this.transfers.received(deal.deal_uuid, file.size)
        }
      }
    } finally {
      source.close()
    }
    if (file.size < total)
      throw interrupted(`the server ended after ${file.size} of ${total} bytes`, file.size)
    return source.start === 0 ? 'whole' : 'joined'
  }

  async #open(
    deal: DealTable,
    transfer: TransferTable,
    wanted: Wanted,
    signal: AbortSignal,
  ): Promise<Source> {
    if (transfer.import_path !== null) return await importSource(transfer.import_path, wanted)
    const { params } = this.deals.params(deal).transfer
    const { url, headers } = decodeTransferParams(params)
    const parsed = parseTransferUrl(url)
    const common = {
      headers: transferHeaders(headers),
      wanted,
      guard: this.guard,
      stallMs: this.config.transfer.stall_timeout,
      signal,
    }
    if (transferScheme(parsed) === 'libp2p' && 'peerId' in parsed) {
      return await fetchLibp2p({ ...common, dial: this.dial, peerId: parsed.peerId, address: parsed.address })
    }
    return await fetchHttp({ ...common, url })
  }

  /** The source sends everything again: what is here cannot be joined to it. */
  async #startOver(transfer: TransferTable, file: PieceFile, source: Source): Promise<void> {
    if (transfer.restarts >= maxRestarts) {
      throw new ProviderError({
        code: 'TRANSFER_IMPOSSIBLE',
        reason: `the server cannot resume: it began again at byte 0 ${maxRestarts} times`,
      })
    }
    await file.restart()
    await this.#remember(transfer.deal_uuid, { validator: source.validator, restarts: transfer.restarts + 1 })
  }

  async #remember(dealUuid: string, row: { validator: string | null; restarts?: number }): Promise<void> {
    await this.deals.db.updateTable('transfers').set(row).where('deal_uuid', '=', dealUuid).execute()
  }

  /** All bytes are here: they are the piece, or the deal is over. */
  async #verify(
    deal: DealTable,
    transfer: TransferTable,
    file: PieceFile,
    bytes: 'whole' | 'joined',
  ): Promise<void> {
    const expected = parseCid(deal.piece_cid)
    const actual = await digestOf(file)
    if (
      actual === undefined ||
      !commPMatches(actual, commitmentOf(expected), BigInt(deal.piece_size) as PaddedSize)
    ) {
      // A power cut or a changed file may have spoiled what an earlier try left, and the source may be as good as ever.
      if (bytes === 'joined' && transfer.import_path === null && transfer.restarts < maxRestarts) {
        await file.restart()
        await this.#remember(deal.deal_uuid, { validator: null, restarts: transfer.restarts + 1 })
        throw interrupted('what an earlier try left may be spoiled: all bytes are asked for again', 0)
      }
      const found = actual === undefined ? 'none' : pieceCid(actual.commP)
      throw new ProviderError({ code: 'COMMP_MISMATCH', expected, actual: found })
    }
    await writing(this.deals.db, async (trx) => {
      const row = await this.deals.get(deal.deal_uuid, trx)
      const now = await this.transfers.get(deal.deal_uuid, trx)
      const verifying = now.state === 'Running' ? await this.transfers.move(trx, now, 'bytesComplete') : now
      await this.transfers.move(trx, verifying, 'verified', { received_bytes: file.size, failure: null })
      const moved = await this.deals.move(
        trx,
        row,
        'transferred',
        { staged: 1, failure: null },
        `${file.size} bytes`,
      )
      await this.offers.offer(trx, moved, this.deals.params(moved), file.size)
    })
    this.offers.poke()
    this.log.info('piece verified', { dealUuid: deal.deal_uuid, pieceCid: deal.piece_cid, bytes: file.size })
  }

  async #broken(
    dealUuid: string,
    before: number,
    after: number,
    cause: unknown,
    signal: AbortSignal,
  ): Promise<void> {
    if (isStale(cause)) throw cause
    const deal = await this.deals.get(dealUuid)
    const transfer = await this.transfers.get(dealUuid)
    if (transfer.state !== 'Running' && transfer.state !== 'Verifying') return
    const failure = failureOf(cause)
    if (transfer.import_path !== null && !signal.aborted) return await this.imports.refuse(transfer, cause)
    if (remedyOf(cause) === 'drop' && !signal.aborted) return await this.end.fail(deal, cause)
    const tries = after > before ? 1 : transfer.tries + 1
    const pauseMs = signal.aborted
      ? 0
      : backoffMs(tries - 1, {
          baseMs: retryBaseMs,
          capMs: this.config.transfer.retry_max_wait,
          random: Math.random(),
        })
    await writing(this.deals.db, async (trx) => {
      await this.transfers.move(trx, transfer, 'interrupted', {
        tries,
        received_bytes: after,
        wake_at: this.clock.now() + pauseMs,
        failure: signal.aborted ? transfer.failure : columnOf({ ...failure, remedy: 'retry' }),
      })
      await this.deals.note(
        trx,
        dealUuid,
        'interrupted',
        deal.state,
        signal.aborted ? 'stopped' : failure.text,
      )
    })
    if (!signal.aborted)
      this.log.warn('transfer interrupted', { dealUuid, bytes: after, tries, pauseMs, reason: failure.text })
  }
}

function isStale(error: unknown): boolean {
  return error instanceof SqlError && error.code === 'STALE_TURN'
}

const neverAborted = new AbortController().signal

async function digestOf(file: PieceFile) {
  try {
    return await file.finish()
  } catch (cause) {
    if (cause instanceof PieceError) return undefined
    throw cause
  }
}

/** The source's chunks; a pause longer than `stallMs` ends it. */
async function* unstalled(source: Source, stallMs: number): AsyncGenerator<Uint8Array> {
  let timer: NodeJS.Timeout | undefined
  const chunks = source.body[Symbol.asyncIterator]()
  try {
    for (;;) {
      const stalled = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`no byte for ${stallMs} ms`)), stallMs)
      })
      const { done, value } = await Promise.race([chunks.next(), stalled])
      clearTimeout(timer)
      if (done === true) return
      yield value
    }
  } catch (cause) {
    if (cause instanceof ProviderError) throw cause
    throw interrupted(cause instanceof Error ? cause.message : String(cause), 0)
  } finally {
    clearTimeout(timer)
    source.close()
  }
}

function interrupted(reason: string, offset: number): ProviderError {
  return new ProviderError({ code: 'TRANSFER_INTERRUPTED', reason, offset })
}
