import { Injectable } from '@nestjs/common'
import { codeOf, failureOf, remedyOf } from '@sealane/host'
import { signedStorageAsk, storageAsk } from '@sealane/market'
import type { Failure } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'
import { Policy } from '../policy/policy.js'
import { Wallet } from '../wallet/wallet.js'

/** Signs the storage ask of our own miner with its worker key: abroad there is no key. */
@Injectable()
export class SignAsk {
  constructor(
    private readonly db: MinerDb,
    private readonly actor: MinerActor,
    private readonly policy: Policy,
    private readonly wallet: Wallet,
    private readonly clock: Clock,
  ) {}

  /** CBOR SignedStorageAsk; a refusal of another miner's ask, or of what is no ask. */
  async sign(
    requestId: string,
    bytes: Uint8Array,
  ): Promise<{ signedAsk: Uint8Array; refusal: Failure | undefined }> {
    const miner = await this.actor.require()
    try {
      const ask = decodeAsk(bytes)
      const worker = this.wallet.role('worker').address
      const signature = await writing(this.db, async (trx) => {
        const permit = await this.policy.permitAsk(trx, {
          worker,
          bytes: storageAsk.encode(ask),
          ask,
          miner: miner.address,
          requestId,
          now: this.clock.now(),
        })
        return await this.wallet.signBytes(trx, permit, `ask ${ask.sequence}`)
      })
      return { signedAsk: signedStorageAsk.encode({ ask, signature }), refusal: undefined }
    } catch (error) {
      if (remedyOf(error) === 'retry' || codeOf(error) === 'KEY_UNKNOWN') throw error
      return { signedAsk: new Uint8Array(), refusal: failureOf(error) }
    }
  }
}

function decodeAsk(bytes: Uint8Array) {
  try {
    return storageAsk.decode(bytes)
  } catch (cause) {
    throw new MinerError({
      code: 'BAD_REQUEST',
      reason: `not a storage ask: ${cause instanceof Error ? cause.message : String(cause)}`,
    })
  }
}
