import { Injectable } from '@nestjs/common'
import { ChainPort } from '@sealane/chain'
import { Health, Log } from '@sealane/host'
import { Clock } from '../clock.js'
import { RoomLoop } from '../loops/room-loop.js'
import { Keystore } from '../wallet/keystore.js'

/** A node may have lost its settings, or be another one by now. Unit: ms. */
const AGAIN_MS = 60 * 60_000
/** New keys are put there soon. Unit: ms. */
const LOOK_MS = 10_000

/**
 * Has the nodes that we control put our messages into their own blocks first. A node whose token is not an admin's stays as it is:
 * our messages then go by what they pay, and the log says so once.
 */
@Injectable()
export class OwnMessagesFirst {
  readonly #loop: RoomLoop
  #done = ''
  #doneMs = Number.NEGATIVE_INFINITY
  readonly #told = new Map<string, string>()

  constructor(
    private readonly chain: ChainPort,
    private readonly keystore: Keystore,
    private readonly clock: Clock,
    private readonly log: Log,
    health: Health,
  ) {
    this.#loop = new RoomLoop({
      room: 'own messages first',
      log,
      health: health.room('own messages first'),
      everyMs: LOOK_MS,
      round: () => this.round(),
    })
  }

  start(): void {
    this.#loop.start()
  }
  stop(): Promise<void> {
    return this.#loop.stop()
  }

  async round(): Promise<void> {
    const addresses = this.keystore.list().map(({ address }) => address)
    const wanted = addresses.join()
    const now = this.clock.now()
    if (wanted === '' || (wanted === this.#done && now - this.#doneMs < AGAIN_MS)) return
    const outcomes = await this.chain.addPriorityAddresses(addresses)
    for (const { node, changed, error } of outcomes) {
      const word = error === undefined ? (changed ? 'set' : 'had') : `${error.code} ${error.text}`
      if (this.#told.get(node) === word || word === 'had') continue
      this.#told.set(node, word)
      if (error === undefined) this.log.info('the node puts our messages first', { node, addresses })
      else
        this.log.info('the node does not put our messages first: its token needs admin for that', {
          node,
          why: error.text,
        })
    }
    // A node that is away is asked again soon; one that refuses will not change its mind.
    if (outcomes.some(({ error }) => error !== undefined && error.code !== 'REFUSED')) return
    this.#done = wanted
    this.#doneMs = now
  }
}
