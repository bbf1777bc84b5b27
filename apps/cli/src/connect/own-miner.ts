import { type Address, parseAddress } from '@sealane/actors'
import { CliError } from '../cli-error.js'
import type { Session } from '../frame/session.js'

/** Our miner actor, as the miner app knows it. Throws CliError while there is none. */
export async function ownMiner(session: Session): Promise<Address> {
  const { miner } = await (await session.miner()).status({})
  if (miner !== null && miner !== '') return parseAddress(miner)
  throw new CliError(
    { code: 'NOT_ON_CHAIN', what: 'the miner actor' },
    'the miner app has no miner actor yet: sealane miner init',
  )
}
