import { Injectable } from '@nestjs/common'
import { type Address, idOf, minerEntropy, parseAddress } from '@sealane/actors'
import { writing } from '@sealane/sql'
import { MinerDb } from '../database.js'
import { MinerError } from '../miner-error.js'
import { Settings } from './settings.js'

export interface KnownMiner {
  /** ID address, f0…. */
  readonly address: Address
  readonly id: number
  /** Bytes. */
  readonly sectorSize: bigint
  /** What chain randomness for this miner is mixed with: CBOR of its ID address. */
  readonly entropy: Uint8Array
}

/** Our storage miner actor, once `init` (or the configuration) has told which it is. */
@Injectable()
export class MinerActor {
  #known: KnownMiner | undefined
  #waitingFor = 'the miner actor: run "sealane miner init"'

  constructor(
    private readonly db: MinerDb,
    private readonly settings: Settings,
  ) {}

  /** Its address, undefined before it exists. */
  async id(): Promise<Address | undefined> {
    return (await this.find())?.address
  }

  async find(): Promise<KnownMiner | undefined> {
    if (this.#known !== undefined) return this.#known
    const [miner, size] = await Promise.all([this.settings.get('miner'), this.settings.get('sectorSize')])
    if (miner === undefined || size === undefined) return undefined
    this.#known = knownMiner(parseAddress(miner), BigInt(size))
    return this.#known
  }

  /** Throws MinerError NO_MINER (`retry`), which says what is waited for. */
  async require(): Promise<KnownMiner> {
    const known = await this.find()
    if (known !== undefined) return known
    throw new MinerError(
      { code: 'NO_MINER', waitingFor: this.#waitingFor },
      `waiting for ${this.#waitingFor}`,
    )
  }

  get waitingFor(): string {
    return this.#known === undefined ? this.#waitingFor : ''
  }

  waitFor(what: string): void {
    this.#waitingFor = what
  }

  async remember(address: Address, sectorSize: bigint, robust?: Address): Promise<void> {
    await writing(this.db, async (trx) => {
      await this.settings.set(trx, 'miner', address)
      await this.settings.set(trx, 'sectorSize', sectorSize.toString())
      if (robust !== undefined) await this.settings.set(trx, 'robust', robust)
    })
    this.#known = knownMiner(address, sectorSize)
  }
}

function knownMiner(address: Address, sectorSize: bigint): KnownMiner {
  const id = idOf(address)
  if (id === undefined) throw new MinerError({ code: 'BAD_REQUEST', reason: `${address} is no ID address` })
  return { address, id, sectorSize, entropy: minerEntropy(id) }
}
