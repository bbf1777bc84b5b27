import { setTimeout as pause } from 'node:timers/promises'
import type { Answer } from './answer.js'
import { jsonText } from './answer.js'
import type { Session } from './session.js'

/** How often what is watched is asked for. Unit: ms. */
const intervalMs = 1_000

const csi = '\u001b['

/**
 * Asks again and again until Ctrl-C. On a screen the answer is drawn in place, with a line for what is wrong while an app is
 * away; into a pipe it is appended whenever its facts changed. A first question that fails is the caller's.
 */
export async function watch(
  session: Session,
  ask: () => Promise<Answer>,
  o: { json: boolean },
): Promise<void> {
  const { terminal } = session
  let shown: string | undefined
  let trouble = ''
  for (let answer: Answer | undefined = await ask(); ; ) {
    if (answer !== undefined) {
      const facts = jsonText(answer.json)
      const changed = facts !== shown
      shown = facts
      if (o.json) {
        if (changed) terminal.out(`${JSON.stringify(JSON.parse(facts))}\n`)
      } else if (terminal.tty) terminal.out(drawn(answer.text, terminal.rows()))
      else if (changed) terminal.out(answer.text)
    }
    await pause(intervalMs, undefined, { signal: terminal.signal })
    try {
      answer = await ask()
      trouble = ''
    } catch (error) {
      terminal.signal.throwIfAborted()
      answer = undefined
      const text = error instanceof Error ? error.message : String(error)
      if (text !== trouble) session.note(`${text}; asking again`)
      trouble = text
    }
  }
}

/** From the top left corner over what was there; lines that a screen cannot hold are counted. */
function drawn(text: string, rows: number): string {
  const lines = text.split('\n').slice(0, -1)
  const room = Math.max(1, rows - 1)
  const fitting = lines.length <= room ? lines : lines.slice(0, room - 1)
  const more = lines.length - fitting.length
  const all = more === 0 ? fitting : [...fitting, `… ${more} more lines`]
  return `${csi}H${all.map((line) => `${line}${csi}K\n`).join('')}${csi}J`
}
