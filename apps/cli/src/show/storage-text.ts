import { formatDuration, formatSize } from '@sealane/fil-units'
import type { ResultOf, sealerOperator } from '@sealane/proto'
import type { TrashItem } from '../storage/trash-items.js'
import { stamp } from './clock-time.js'
import { tabTable } from './tab-table.js'

type Path = ResultOf<(typeof sealerOperator)['storage.list']>[number]

/** `storage list`: lotus' layout; what our workers do not measure is left out. Source: filecoin-project/lotus cmd/lotus-miner/storage.go. */
export function storageListText(paths: readonly Path[]): string {
  return paths
    .map((path) =>
      [
        `${path.storageId}:`,
        `\tFree: ${formatSize(BigInt(path.freeBytes))}`,
        `\tSectors: ${path.sectors.length}`,
        `\tUse: ${useOf(path)}`,
        `\tWorker: ${workerOf(path)}`,
        '',
        '',
      ].join('\n'),
    )
    .join('')
}

function useOf({ canSeal, canStore }: Path): string {
  const uses = [...(canSeal ? ['Seal'] : []), ...(canStore ? ['Store'] : [])]
  return uses.length === 0 ? 'ReadOnly' : uses.join(' ')
}

function workerOf({ workerId, hostname, alive }: Path): string {
  return `${workerId}, host ${hostname}${alive ? '' : ' (away)'}`
}

/** `storage find`. Source: filecoin-project/lotus cmd/lotus-miner/storage.go, as recorded. */
export function storageFindText(paths: readonly Path[]): string {
  return paths
    .map(
      (path) =>
        `In ${path.storageId}\n\tSealing: ${path.canSeal}; Storage: ${path.canStore}\n\tWorker: ${workerOf(path)}\n`,
    )
    .join('')
}

/** `storage trash`, `storage purge`. */
export function trashTable(items: readonly TrashItem[], nowMs: number): string {
  return tabTable([
    ['Trashed', 'Age', 'Bytes', 'What', 'Why'],
    ...items.map((item) => [
      stamp(item.trashedMs),
      formatDuration(Math.floor((nowMs - item.trashedMs) / 1000) * 1000),
      `${item.bytes}`,
      item.originalPath,
      item.reason,
    ]),
  ])
}
