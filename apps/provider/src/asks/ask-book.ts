import { parseAddress } from '@sealane/actors'
import { type AttoFil, attoFil, attoFilFromText } from '@sealane/fil-units'
import { Health, Log } from '@sealane/host'
import type { OutwardMessage } from '@sealane/jobs'
import {
  AskRefused,
  type AskTerms,
  checkAsk,
  defaultAskDurationEpochs,
  type SignedStorageAsk,
  type StorageAsk,
  signedStorageAsk,
  storageAsk,
} from '@sealane/market'
import type { AskRow } from '@sealane/proto'
import { writing } from '@sealane/sql'
import type { ChainView } from '../chain/chain-view.js'
import type { Clock } from '../clock.js'
import type { ProviderConfig } from '../config.js'
import type { Offers } from '../crossing/offers.js'
import type { MinerAddress } from '../deals/miner-address.js'
import type { AskTable, ProviderDb, ProviderTransaction } from '../provider-db.js'
import { ProviderError } from '../provider-error.js'

/** What an operator sets. Prices: attoFIL per GiB and epoch. Sizes: padded bytes; absent = as before. */
export interface AskWanted {
  readonly price: AttoFil
  readonly verifiedPrice: AttoFil
  readonly minPieceSize?: bigint | undefined
  readonly maxPieceSize?: bigint | undefined
  readonly durationEpochs?: number | undefined
}

type AskSigned = Extract<OutwardMessage, { kind: 'askSigned' }>

/**
 * The provider's terms. The newest ones set are what proposals are held against; clients are shown the newest that home
 * has signed, because the key is there.
 */
export class AskBook {
  /** Terms of the newest ask, once read: every proposal is held against them. */
  #terms: AskTerms | undefined

  constructor(
    private readonly db: ProviderDb,
    private readonly config: ProviderConfig,
    private readonly chain: ChainView,
    private readonly miner: MinerAddress,
    private readonly offers: Offers,
    private readonly clock: Clock,
    private readonly health: Health,
    private readonly log: Log,
  ) {}

  /** Makes the first ask from the configuration, once the miner and the chain are known. Call it until it says true. */
  async ensureFirst(): Promise<boolean> {
    const lamp = this.health.room('ask')
    const newest = await this.#newest()
    if (newest !== undefined) {
      if (newest.refusal !== null) lamp.red(`home refused ask ${newest.sequence}: ${newest.refusal}`)
      else if (newest.signed === null) lamp.red('waiting for home to sign the ask')
      else lamp.green()
      return true
    }
    lamp.red('no ask yet: needs the miner address and a chain node')
    if (this.miner.get() === undefined) return false
    const { price_atto_fil, verified_price_atto_fil, min_piece_size } = this.config.ask
    try {
      await this.set({
        price: attoFilFromText(price_atto_fil),
        verifiedPrice: attoFilFromText(verified_price_atto_fil),
        minPieceSize: BigInt(min_piece_size),
      })
      return true
    } catch (error) {
      if (error instanceof ProviderError && error.facts.code !== 'MINER_UNKNOWN') {
        this.log.warn('first ask not made', { error })
      }
      return false
    }
  }

  /** Sets new terms and asks home to sign them. @throws {ProviderError} ASK_REFUSED, MINER_UNKNOWN */
  async set(wanted: AskWanted): Promise<AskTable> {
    const miner = this.miner.require()
    const [head, sectorSize] = [await this.chain.head(), await this.chain.sectorSize(miner)]
    if (head === 'unavailable' || sectorSize === 'unavailable')
      throw refused('no chain node answers: try again')
    const before = await this.#newest()
    const terms = {
      price: wanted.price,
      verifiedPrice: wanted.verifiedPrice,
      minPieceSize: wanted.minPieceSize ?? BigInt(before?.min_piece_size ?? this.config.ask.min_piece_size),
      maxPieceSize: wanted.maxPieceSize ?? BigInt(before?.max_piece_size ?? sectorSize),
    }
    try {
      checkAsk(terms, sectorSize)
    } catch (cause) {
      if (cause instanceof AskRefused) throw refused(cause.message)
      throw cause
    }
    const row = await writing(this.db, async (trx) => {
      const newest = await this.#newest(trx)
      const made: AskTable = {
        sequence: newest === undefined ? 0 : newest.sequence + 1,
        miner,
        price: terms.price.toString(),
        verified_price: terms.verifiedPrice.toString(),
        min_piece_size: Number(terms.minPieceSize),
        max_piece_size: Number(terms.maxPieceSize),
        timestamp_epoch: head,
        expiry_epoch: head + (wanted.durationEpochs ?? defaultAskDurationEpochs),
        set_ms: this.clock.now(),
        signed: null,
        refusal: null,
      }
      await trx.insertInto('asks').values(made).execute()
      await this.offers.wantAsk(trx, made.sequence, storageAsk.encode(askOf(made)))
      return made
    })
    this.#terms = undefined
    this.offers.poke()
    this.log.info('ask set', { sequence: row.sequence, price: row.price, verifiedPrice: row.verified_price })
    return row
  }

  /** What proposals are held against. */
  async terms(): Promise<AskTerms | 'none'> {
    if (this.#terms !== undefined) return this.#terms
    const newest = await this.#newest()
    if (newest === undefined) return 'none'
    const { price, verifiedPrice, minPieceSize, maxPieceSize } = askOf(newest)
    this.#terms = { price, verifiedPrice, minPieceSize, maxPieceSize }
    return this.#terms
  }

  /** What clients are shown: the newest ask that is signed; null before home has signed any. */
  async shown(): Promise<SignedStorageAsk | null> {
    const row = await this.db
      .selectFrom('asks')
      .select('signed')
      .where('signed', 'is not', null)
      .orderBy('sequence', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row?.signed == null ? null : signedStorageAsk.decode(row.signed)
  }

  /** The newest ask as an operator sees it. */
  async row(): Promise<AskRow | null> {
    const newest = await this.#newest()
    return newest === undefined ? null : askRowOf(newest)
  }

  /** Takes home's signature, if it is over the ask that was asked for. */
  async signed(trx: ProviderTransaction, message: AskSigned): Promise<void> {
    const row = await trx
      .selectFrom('asks')
      .selectAll()
      .where('sequence', '=', message.sequence)
      .executeTakeFirst()
    if (row === undefined)
      return this.log.warn('home signed an ask that is not ours', { sequence: message.sequence })
    if (message.signedAsk === null) {
      await trx
        .updateTable('asks')
        .set({ refusal: message.refusal ?? '' })
        .where('sequence', '=', row.sequence)
        .execute()
      return this.log.warn('home refused the ask', { sequence: row.sequence, reason: message.refusal })
    }
    const bytes = Uint8Array.from(Buffer.from(message.signedAsk, 'base64'))
    const { ask, signature } = signedStorageAsk.decode(bytes)
    const same = ask !== null && Buffer.from(storageAsk.encode(ask)).equals(storageAsk.encode(askOf(row)))
    if (!same || signature === null)
      return this.log.warn('home signed another ask', { sequence: row.sequence })
    await trx
      .updateTable('asks')
      .set({ signed: bytes, refusal: null })
      .where('sequence', '=', row.sequence)
      .execute()
    this.log.info('ask signed', { sequence: row.sequence })
  }

  async #newest(from: Pick<ProviderDb, 'selectFrom'> = this.db): Promise<AskTable | undefined> {
    return await from.selectFrom('asks').selectAll().orderBy('sequence', 'desc').limit(1).executeTakeFirst()
  }
}

/** An ask's row as operators see it. */
export function askRowOf(row: AskTable): AskRow {
  return {
    miner: row.miner,
    price: row.price,
    verifiedPrice: row.verified_price,
    minPieceSize: String(row.min_piece_size),
    maxPieceSize: String(row.max_piece_size),
    timestampEpoch: row.timestamp_epoch,
    expiryEpoch: row.expiry_epoch,
    sequence: row.sequence,
    signed: row.signed !== null,
    waiting:
      row.signed !== null
        ? null
        : {
            for:
              row.refusal === null
                ? "home's signature"
                : `another ask: home refused this one (${row.refusal})`,
            who: row.refusal === null ? 'miner' : 'operator',
            sinceMs: row.set_ms,
            untilEpoch: null,
          },
  }
}

function askOf(row: AskTable): StorageAsk {
  return {
    miner: parseAddress(row.miner),
    price: attoFil(BigInt(row.price)),
    verifiedPrice: attoFil(BigInt(row.verified_price)),
    minPieceSize: BigInt(row.min_piece_size),
    maxPieceSize: BigInt(row.max_piece_size),
    timestamp: row.timestamp_epoch,
    expiry: row.expiry_epoch,
    sequence: row.sequence,
  }
}

function refused(reason: string): ProviderError {
  return new ProviderError({ code: 'ASK_REFUSED', reason })
}
