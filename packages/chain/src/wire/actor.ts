import { address, cid, decimal, height, money, optional, type Read, record, text, whole } from './wire.js'

export type NodeVersion = Read<typeof nodeVersion>
export const nodeVersion = record({
  version: ['Version', text],
  /** 0xMMmmpp. Lotus v1 today is 0x020300. */
  apiVersion: ['APIVersion', whole],
  blockDelaySeconds: ['BlockDelay', whole],
  agent: ['Agent', text],
})

export type NetworkParams = Read<typeof networkParams>
export const networkParams = record({
  networkName: ['NetworkName', text],
  blockDelaySeconds: ['BlockDelaySecs', whole],
  consensusMinerMinPower: ['ConsensusMinerMinPower', decimal],
  preCommitChallengeDelay: ['PreCommitChallengeDelay', height],
  /** Seconds. Lotus tells it since v1.33 (PR #12925). */
  genesisTimestamp: ['GenesisTimestamp', optional(whole)],
})

export type ActorState = Read<typeof actorState>
export const actorState = record({
  code: ['Code', cid],
  head: ['Head', cid],
  nonce: ['Nonce', whole],
  balance: ['Balance', money],
  delegatedAddress: ['DelegatedAddress', optional(address)],
})

export type CirculatingSupply = Read<typeof circulatingSupply>
export const circulatingSupply = record({
  filVested: ['FilVested', money],
  filMined: ['FilMined', money],
  filBurnt: ['FilBurnt', money],
  filLocked: ['FilLocked', money],
  filCirculating: ['FilCirculating', money],
  filReserveDisbursed: ['FilReserveDisbursed', money],
})
