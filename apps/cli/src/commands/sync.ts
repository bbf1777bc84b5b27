import { setTimeout as pause } from 'node:timers/promises'
import type { ActiveSync, TipSet } from '@sealane/chain'
import { formatDuration } from '@sealane/fil-units'
import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import type { Session } from '../frame/session.js'
import { heightDiff, stageName, syncStatusText } from '../show/sync-text.js'

export function syncCommand(session: Session): Command {
  return group('sync', 'Whether the chain node has caught up.', [status(session), wait(session)])
}

function status(session: Session): Command {
  return answers(
    session,
    { usage: 'status', about: 'Print what the node is syncing.', examples: ['sync status'] },
    async () => {
      const state = await (await session.chain()).syncState()
      return { json: state, text: syncStatusText(state, session.terminal.now()) }
    },
  )
}

/** Source: filecoin-project/lotus cli/sync.go (four times a second is for the eye; the node is asked once a second). Unit: ms. */
const pollMs = 1_000

function wait(session: Session): Command {
  return answers<{ watch?: boolean }>(
    session,
    {
      usage: 'wait',
      about: 'Wait until the node’s head is as new as the clock says: only then do messages get into blocks.',
      examples: ['sync wait', 'sync wait --watch'],
      notes:
        'On a chain whose blocks lie in the past (a devnet with a rushing or held clock) it may wait for ever; Ctrl-C ends it.',
    },
    async ({ watch }) => {
      const chain = await session.chain()
      const { blockDelaySeconds } = await chain.networkParams()
      for (let told = ''; ; ) {
        const [head, state] = await Promise.all([chain.head(), chain.syncState()])
        const behind = Math.max(0, Math.floor(session.terminal.now() / 1000) - head.timestamp)
        // Lotus demands one epoch (cli/sync.go:355); a head is nearly that old just before the next one comes, so two.
        if (!watch && behind < blockDelaySeconds * 2) {
          return { json: { height: head.height, behindSeconds: behind }, text: lines('', 'Done!') }
        }
        const now = waitLine(state.activeSyncs, head, behind)
        if (now !== told) session.note(now)
        told = now
        await pause(pollMs, undefined, { signal: session.terminal.signal })
      }
    },
    (command) => command.option('--watch', 'go on once it is synced, until Ctrl-C'),
  )
}

function waitLine(syncs: readonly ActiveSync[], head: TipSet, behindSeconds: number): string {
  const busiest = [...syncs].sort((a, b) => heightDiff(b) - heightDiff(a))[0]
  const age = formatDuration(behindSeconds * 1000)
  if (busiest === undefined || heightDiff(busiest) === 0)
    return `Current Epoch: ${head.height}; the head is ${age} old`
  const { workerId, base, target, stage, height } = busiest
  const todo = Math.max(0, (target?.height ?? 0) - height)
  return [
    `Worker: ${workerId}; Base: ${base?.height ?? 0}; Target: ${target?.height ?? 0} (diff: ${heightDiff(busiest)})`,
    `State: ${stageName(stage)}; Current Epoch: ${height}; Todo: ${todo}; the head is ${age} old`,
  ].join('\n')
}
