import type { ActiveSync, SyncState } from '@sealane/chain'
import { formatDuration } from '@sealane/fil-units'

/** Source: filecoin-project/lotus api/types.go (SyncStateStage). */
const stages = [
  'idle',
  'header sync',
  'persisting headers',
  'message sync',
  'complete',
  'error',
  'fetching messages',
] as const

export function stageName(stage: number): string {
  return stages[stage] ?? `<unknown: ${stage}>`
}

/** `sync status`. Source: filecoin-project/lotus cli/sync.go, as recorded. */
export function syncStatusText(state: SyncState, nowMs: number): string {
  return `sync status:\n${state.activeSyncs.map((sync) => workerText(sync, nowMs)).join('')}`
}

function workerText(sync: ActiveSync, nowMs: number): string {
  const { base, target } = sync
  const elapsed = elapsedMs(sync, nowMs)
  return [
    `worker ${sync.workerId}:`,
    `\tBase:\t[${(base?.key ?? []).join(' ')}]`,
    `\tTarget:\t[${(target?.key ?? []).join(' ')}] (${target?.height ?? 0})`,
    `\tHeight diff:\t${heightDiff(sync)}`,
    `\tStage: ${stageName(sync.stage)}`,
    `\tHeight: ${sync.height}`,
    ...(elapsed === undefined ? [] : [`\tElapsed: ${formatDuration(elapsed)}`]),
    ...(stageName(sync.stage) === 'error' ? [`\tError: ${sync.message}`] : []),
    '',
  ].join('\n')
}

/** Epochs between what a sync started from and where it goes; 0 while it has no target. */
export function heightDiff({ base, target }: ActiveSync): number {
  return target === undefined ? 0 : target.height - (base?.height ?? 0)
}

/** Go's zero time means: has not happened. */
function elapsedMs({ start, end }: ActiveSync, nowMs: number): number | undefined {
  const unset = (text: string) => text.startsWith('0001-')
  if (unset(start)) return undefined
  return (unset(end) ? nowMs : Date.parse(end)) - Date.parse(start)
}
