import { Injectable } from '@nestjs/common'
import { Log } from '@sealane/host'
import type { minerV1 } from '@sealane/proto'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { EventStore } from './event-store.js'

/** Serves the facts to home: all after a sequence, then live ones; between them the newest head, which has no sequence. */
@Injectable()
export class EventStream {
  constructor(
    private readonly events: EventStore,
    private readonly watch: ChainWatch,
    private readonly log: Log,
  ) {}

  async *subscribe(afterSequence: number, signal: AbortSignal): AsyncGenerator<minerV1.SubscribeResponse> {
    const moved = await this.events.goOnAfter(afterSequence)
    if (moved !== undefined) {
      this.log.warn(
        'home has had more facts than this database holds: it is an older backup, and goes on behind them',
        {
          afterSequence,
          moved,
        },
      )
    }
    let last = afterSequence
    let toldHead: number | undefined
    let wake = () => {}
    let changed = true
    const ring = () => {
      changed = true
      wake()
    }
    const endings = [this.events.onAppend(ring), this.watch.onHead(ring)]
    signal.addEventListener('abort', ring, { once: true })
    try {
      while (!signal.aborted) {
        changed = false
        const head = this.watch.head?.height
        for (let more = true; more && !signal.aborted; ) {
          const batch = await this.events.after(last)
          for (const event of batch) {
            yield event
            last = event.sequence
          }
          more = batch.length > 0
        }
        // After the facts of an epoch, so that nobody acts on a head whose facts he has not got. A slow reader skips heads.
        if (head !== undefined && head !== toldHead) {
          toldHead = head
          yield { sequence: 0, epoch: head, fact: { $case: 'head', value: { epoch: head } } }
        }
        if (!changed && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      for (const end of endings) end()
      signal.removeEventListener('abort', ring)
    }
  }
}
