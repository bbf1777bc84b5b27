import { type Json, shapes } from '@sealane/chain'
import { tipSetOf } from '../ledger/ledger.js'
import type { DevnetNode, HeadMove } from '../node/devnet-node.js'
import type { StoredBlock } from '../store/chain-store.js'
import type { Channel } from './method.js'

/** Batches sent but not read: with this many, newer changes are gathered into one batch until the reader catches up. */
const mostUnread = 4

/** Changes gathered for a reader that does not read; one more, and it is dropped as lotus drops slow readers. */
const mostGathered = 5_000

/** Everyone who follows the head by ChainNotify, and how far each has read. */
export class HeadSubscriptions {
  readonly #open = new Set<Subscription>()

  constructor(
    private readonly node: DevnetNode,
    /** Called when a reader has caught up. */
    private readonly caughtUp: () => void,
  ) {
    node.subscribe((move) => {
      const batch = changesOf(move)
      for (const subscription of this.#open) subscription.add(batch)
    })
  }

  get count(): number {
    return this.#open.size
  }

  /** Readers that have not read the newest head. */
  get behind(): number {
    let behind = 0
    for (const subscription of this.#open) if (subscription.behind) behind++
    return behind
  }

  open(channel: Channel): () => void {
    const subscription = new Subscription(channel, this.caughtUp)
    this.#open.add(subscription)
    subscription.add([{ Type: 'current', Val: tipSetJson(this.node.head) }])
    return () => {
      this.#open.delete(subscription)
      this.caughtUp()
    }
  }
}

class Subscription {
  #unread = 0
  #gathered: Json[] = []

  constructor(
    private readonly channel: Channel,
    private readonly caughtUp: () => void,
  ) {}

  get behind(): boolean {
    return this.#unread > 0 || this.#gathered.length > 0
  }

  add(batch: readonly Json[]): void {
    if (this.#unread < mostUnread && this.#gathered.length === 0) {
      this.#send(batch)
      return
    }
    this.#gathered.push(...batch)
    if (this.#gathered.length > mostGathered) {
      this.#gathered = []
      this.channel.drop('closing head change subscription due to slow reader')
    }
  }

  #send(batch: readonly Json[]): void {
    this.#unread++
    this.channel.send(batch, () => {
      this.#unread--
      if (this.#gathered.length > 0) {
        const gathered = this.#gathered
        this.#gathered = []
        this.#send(gathered)
      }
      if (!this.behind) this.caughtUp()
    })
  }
}

export function tipSetJson(block: StoredBlock): Json {
  return shapes.tipSet.write(tipSetOf(block), 't')
}

export function changesOf({ reverts, applies }: HeadMove): Json[] {
  return [
    ...reverts.map((block) => ({ Type: 'revert', Val: tipSetJson(block) })),
    ...applies.map((block) => ({ Type: 'apply', Val: tipSetJson(block) })),
  ]
}
