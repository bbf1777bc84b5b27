import { Injectable } from '@nestjs/common'
import { type SignedMessage, signedMessageCid, signingBytes } from '@sealane/actors'
import { type Signature, sign } from '@sealane/crypto'
import { Clock } from '../clock.js'
import type { MinerTransaction } from '../database.js'
import { MinerError } from '../miner-error.js'
import type { KeyRole } from '../policy/message-class.js'
import type { Permit } from '../policy/policy.js'
import { Keystore, type NamedKey } from './keystore.js'

/** Signs what policy permits, and nothing else; each signature is written to the signature log with its reason. */
@Injectable()
export class Wallet {
  constructor(
    private readonly keystore: Keystore,
    private readonly clock: Clock,
  ) {}

  list(): NamedKey[] {
    return this.keystore.list()
  }

  /** The key of a role. Throws MinerError KEY_UNKNOWN before `init` made it. */
  role(role: KeyRole): NamedKey {
    const key = this.keystore.named(role)
    if (key === undefined) throw new MinerError({ code: 'KEY_UNKNOWN', name: role })
    return key
  }

  /** Signs a permitted message; the log row joins `trx`, so a signature that is stored is a signature that is logged. */
  async signMessage(trx: MinerTransaction, permit: Permit): Promise<SignedMessage> {
    const { message } = permit
    if (message === undefined)
      throw new MinerError({ code: 'POLICY', class: permit.kind, reason: 'no message was permitted' })
    const signature = this.keystore.withKey(permit.address, (key) => sign(key, signingBytes(message)))
    const signed = { message, signature }
    await this.#log(trx, permit, signedMessageCid(signed))
    return signed
  }

  /** Signs permitted bytes that are no message. `name`: what the log calls them. */
  async signBytes(trx: MinerTransaction, permit: Permit, name: string): Promise<Signature> {
    const { bytes } = permit
    if (bytes === undefined)
      throw new MinerError({ code: 'POLICY', class: permit.kind, reason: 'no bytes were permitted' })
    const signature = this.keystore.withKey(permit.address, (key) => sign(key, bytes))
    await this.#log(trx, permit, name)
    return signature
  }

  async #log(trx: MinerTransaction, permit: Permit, cid: string): Promise<void> {
    const { kind, address, requestId, reason } = permit
    await trx
      .insertInto('signatures')
      .values({ at_ms: this.clock.now(), address, kind, cid, request_id: requestId, reason })
      .execute()
  }
}
