import { setTimeout as pause } from 'node:timers/promises'
import { formatDuration, parseDuration, UnitsError } from '@sealane/fil-units'
import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers } from '../frame/answers.js'
import { natural, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'

/** `net ping`: one call for each pong, so that each is printed when it comes. */
export function ping(session: Session): Command {
  return answers<{ count: string; interval: string; json?: boolean }>(
    session,
    {
      usage: 'ping <peer>',
      about: 'Ping a peer of the provider: how long the line takes.',
      examples: [
        'net ping 12D3KooWPhWQduBfQkCgExfwvpAQtT5A2VaBTaZ7PuKaFasefcau',
        'net ping --count 3 --interval 500ms /ip4/104.248.116.108/tcp/34929/p2p/12D3KooWPhWQduBfQkCgExfwvpAQtT5A2VaBTaZ7PuKaFasefcau',
      ],
      notes: 'The peer is named by its address, or by its id when it is or was connected.',
    },
    async ({ count, interval, json }, [peer = '']) => {
      const wanted = natural('--count', count)
      if (wanted === 0) throw usage('--count is at least 1')
      const pauseMs = duration(interval)
      const provider = await session.provider()
      const say = json ? () => undefined : session.terminal.out
      const rtts: number[] = []
      let failure: unknown
      say(`PING ${peer.split('/p2p/').at(-1)}\n`)
      for (let sent = 0; sent < wanted && !session.terminal.signal.aborted; sent += 1) {
        if (sent > 0)
          await pause(pauseMs, undefined, { signal: session.terminal.signal }).catch(() => undefined)
        try {
          const { rttMs } = await provider['net.ping']({ peer })
          rtts.push(rttMs)
          say(`Pong received: time=${formatDuration(rttMs)}\n`)
        } catch (error) {
          failure = error
          session.note(`Ping failed: error=${error instanceof Error ? error.message : String(error)}`)
        }
      }
      if (rtts.length === 0) throw failure
      const averageMs = rtts.reduce((sum, rtt) => sum + rtt, 0) / rtts.length
      return {
        json: { peer, rttMs: rtts, averageMs },
        text: lines(`Average latency: ${formatDuration(averageMs)}`),
      }
    },
    (command) =>
      command
        .option('-c, --count <N>', 'so many times', '10')
        .option('-i, --interval <TIME>', 'pause between two', '1s'),
  )
}

function duration(text: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    if (error instanceof UnitsError) throw usage(`--interval: ${error.message}`)
    throw error
  }
}
