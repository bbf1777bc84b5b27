import type { Command } from 'commander'
import { answers } from '../frame/answers.js'
import type { Session } from '../frame/session.js'
import { pendingPublishText, type QueuedDeal } from '../show/pending-publish-text.js'

/** States before PublishStorageDeals is sent. */
const queuedStates = new Set(['Queued', 'Held'])

/** `storage-deals pending-publish`. */
export function pendingPublish(session: Session): Command {
  return answers<{ publishNow?: boolean }>(
    session,
    {
      usage: 'pending-publish',
      watch: true,
      about:
        'List deals whose PublishStorageDeals message has not been sent: how long, and what each waits for.',
      examples: [
        'storage-deals pending-publish',
        'storage-deals pending-publish --watch',
        'storage-deals pending-publish --publish-now',
      ],
      notes:
        'Home publishes, so the miner app is asked. A batch goes when it is full, after its period, or when a start epoch is near, or now with --publish-now: money and caps are judged as ever.',
    },
    async ({ publishNow }) => {
      const miner = await session.miner()
      const all = await (publishNow ? miner['publications.publishNow']({}) : miner['publications.list']({}))
      const rows = all.filter(({ state }) => queuedStates.has(state))
      const deals = rows.length === 0 ? new Map() : await dealsByUuid(session)
      const queued = rows.map((row): QueuedDeal => {
        const deal = deals.get(row.requestId)
        return { ...row, client: deal?.client ?? null, pieceSize: deal?.pieceSize ?? null }
      })
      const said = publishNow && rows.length > 0 ? 'publishing deals\n' : ''
      return { json: queued, text: `${said}${pendingPublishText(queued, session.terminal.now())}` }
    },
    (command) => command.option('--publish-now', 'send a publish message now, wait for no batch'),
  )
}

/** Client and size are the provider's to tell; without it the list stands. */
async function dealsByUuid(session: Session): Promise<Map<string, { client: string; pieceSize: string }>> {
  try {
    const deals = await (await session.provider())['deals.list']({ limit: 10_000 })
    return new Map(deals.map((deal) => [deal.dealUuid, deal]))
  } catch {
    return new Map()
  }
}
