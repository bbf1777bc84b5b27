import { tipSet } from './tip-set.js'
import { height, list, optional, type Read, record, text, whole } from './wire.js'

export type ActiveSync = Read<typeof activeSync>
const activeSync = record({
  workerId: ['WorkerID', whole],
  base: ['Base', optional(tipSet)],
  target: ['Target', optional(tipSet)],
  /** 0 idle, 1 header sync, 2 persist headers, 3 message sync, 4 complete, 5 error, 6 fetching. */
  stage: ['Stage', whole],
  height: ['Height', height],
  start: ['Start', text],
  end: ['End', text],
  message: ['Message', text],
})

export type SyncState = Read<typeof syncState>
export const syncState = record({
  activeSyncs: ['ActiveSyncs', list(activeSync)],
  vmApplied: ['VMApplied', whole],
})

export type PeerAddresses = Read<typeof peerAddresses>
export const peerAddresses = record({ id: ['ID', text], addrs: ['Addrs', list(text)] })
