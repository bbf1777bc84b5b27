import type { SectorOnChainInfo } from '@sealane/chain'
import { formatFil } from '@sealane/fil-units'
import type { SectorRow } from '@sealane/proto'
import { type ChainClock, epochTime } from './clock-time.js'
import { columnTable } from './column-table.js'

/** `sectors refs`. Source: filecoin-project/lotus cmd/lotus-miner/sectors.go (refs). */
export function dealRefsText(
  pieces: readonly { dealUuid: string | null; sectorNumber: number; offset: string; pieceSize: string }[],
): string {
  return pieces
    .map(
      (piece) =>
        `Block ${piece.dealUuid}:\n\t${piece.sectorNumber}+${piece.offset} ${piece.pieceSize} bytes\n`,
    )
    .join('')
}

/** `sectors expired`. Source: filecoin-project/lotus cmd/lotus-miner/sectors.go, as recorded. */
export function expiredTable(
  rows: readonly Pick<SectorRow, 'sectorNumber' | 'state' | 'expiration'>[],
  clock: ChainClock | undefined,
): string {
  const body = rows.map(({ sectorNumber, state, expiration }) =>
    [sectorNumber, state, expiration === null ? '' : epochTime(clock, expiration)].join('\t'),
  )
  return ['Sector\tState\tExpiration', ...body, ''].join('\n')
}

/** `sectors check-expire`: an empty line when nothing expires soon. Source: the same, as recorded. */
export function expiringTable(infos: readonly SectorOnChainInfo[], clock: ChainClock | undefined): string {
  return columnTable(
    ['ID', 'SealProof', 'InitialPledge', 'Activation', 'Expiration'].map((name) => ({ name })),
    infos.map((info) => ({
      ID: `${info.sectorNumber}`,
      SealProof: `${info.sealProof}`,
      InitialPledge: formatFil(info.initialPledge),
      Activation: epochTime(clock, info.activation),
      Expiration: epochTime(clock, info.expiration),
    })),
  )
}

/** `sectors numbers info`. Numbers are never reserved here: the next one is above all that were ever used. Source: the same, as recorded. */
export function allocatedText(o: { nextFree: number; allocated: readonly number[] }): string {
  return `Next free: ${o.nextFree}\nAllocated: ${ranges(o.allocated)}\nReserved: 0\n`
}

/** `0-3,5`: ascending numbers, runs joined. */
function ranges(numbers: readonly number[]): string {
  const runs: [number, number][] = []
  for (const number of numbers) {
    const run = runs.at(-1)
    if (run !== undefined && run[1] + 1 === number) run[1] = number
    else runs.push([number, number])
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}

/** `sectors batching commit|precommit` of nothing; lotus says "committed" for both. */
export const queuedText = 'No sectors queued to be committed\n'
