import { Injectable } from '@nestjs/common'
import type { Address } from '@sealane/actors'
import type { TipSet } from '@sealane/chain'
import { Health, Log } from '@sealane/host'
import { writing } from '@sealane/sql'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { Clock } from '../clock.js'
import { MinerDb, type MinerTransaction } from '../database.js'
import { RoomLoop } from '../loops/room-loop.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'
import { Policy } from '../policy/policy.js'
import type { MessageRequest } from './message-request.js'
import { MessageSender } from './message-sender.js'
import { MessageStore, type StoredMessage } from './message-store.js'
import { MessagerOptions } from './messager-options.js'
import { PoolKeeper, type ReplacementWish } from './pool-keeper.js'

/**
 * The one writer of every sender's nonces: plan → estimate → permit → sign → persist → push → re-push, replace or fill → confirmed.
 * A signed message exists in the database before it exists anywhere else; nothing here forgets a nonce.
 * A failed push logs an ERROR line with the word `messager`, which operators alert on.
 */
@Injectable()
export class Messager {
  readonly #loop: RoomLoop

  constructor(
    private readonly db: MinerDb,
    private readonly watch: ChainWatch,
    private readonly store: MessageStore,
    private readonly sender: MessageSender,
    private readonly pool: PoolKeeper,
    private readonly policy: Policy,
    private readonly actor: MinerActor,
    private readonly clock: Clock,
    log: Log,
    health: Health,
    private readonly options: MessagerOptions,
  ) {
    this.#loop = new RoomLoop({
      room: 'messages',
      log,
      health: health.room('messages'),
      everyMs: 1_000,
      round: () => this.round(),
    })
    this.watch.onHead(() => this.#loop.nudge())
  }

  start(): void {
    this.#loop.start()
  }
  stop(): Promise<void> {
    return this.#loop.stop()
  }
  nudge(): void {
    this.#loop.nudge()
  }

  /**
   * Plans a message, once per request id, after policy allowed its class, receiver, method and value.
   * Pass the transaction that makes the message necessary; call `nudge()` after its commit.
   */
  async request(trx: MinerTransaction, request: MessageRequest): Promise<StoredMessage> {
    this.policy.judge(request.class, request, await this.actor.id())
    return await this.store.plan(trx, request)
  }

  /** Takes back a message that has no nonce yet; false when it is too late. */
  async withdraw(uuid: string, because: unknown): Promise<boolean> {
    return await writing(this.db, async (trx) => {
      const row = await trx.selectFrom('messages').selectAll().where('uuid', '=', uuid).executeTakeFirst()
      if (row === undefined || (row.state !== 'Planned' && row.state !== 'Held'))
        return row?.state === 'Refused'
      await this.store.refuse(trx, row, because)
      return true
    })
  }

  /**
   * Replaces a message in the pools by fee, same nonce, and returns its row with the new CID.
   * @throws {MinerError} BAD_REQUEST, OVER_CAP, INSUFFICIENT_FUNDS, NETWORK_UNKNOWN
   */
  async replace(uuid: string, wanted: ReplacementWish): Promise<StoredMessage> {
    const head = this.watch.requireHead()
    const row = await this.store.byUuid(uuid)
    if (row === undefined) throw new MinerError({ code: 'BAD_REQUEST', reason: `no message ${uuid}` })
    await this.pool.replace(row, wanted, head)
    return (await this.store.byUuid(uuid)) ?? row
  }

  /** One look at every sender that has something unsettled. */
  async round(): Promise<void> {
    const head = this.watch.head
    if (head === undefined) return
    const senders = await this.store.openSenders()
    const results = await Promise.allSettled(senders.map((sender) => this.#serve(sender as Address, head)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  async #serve(sender: Address, head: TipSet): Promise<void> {
    const open = await this.store.open(sender)
    const underWay = open.filter((row) => row.state === 'Signed' || row.state === 'Pushed')
    if (underWay.length > 0) await this.pool.look(sender, underWay, head)
    const now = this.clock.now()
    let room = this.options.window - underWay.length
    for (const row of open) {
      // A gap filler's nonce is chosen by the gap.
      if ((row.state !== 'Planned' && row.state !== 'Held') || row.class === 'gapFill') continue
      if (row.wake_at !== null && row.wake_at > now) continue
      if (room <= 0 && row.class !== 'windowPost') continue
      if (await this.sender.send(row, head)) room -= 1
    }
  }
}
