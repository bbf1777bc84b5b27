import type { Session } from '../frame/session.js'
import { type ChainClock, chainClock } from './clock-time.js'

/** Times beside epochs are a convenience: without a chain node the epochs alone must do. */
export async function clockIfKnown(session: Session): Promise<ChainClock | undefined> {
  try {
    return await chainClock(await session.chain())
  } catch {
    return undefined
  }
}
