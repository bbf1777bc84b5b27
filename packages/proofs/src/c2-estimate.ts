import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Progress } from './task-options.js'

/** CPU seconds of a C2 at 2KiB or 8MiB, measured on an AMD Zen 3; other sizes are not guessed. */
const c2CpuSeconds = 105
const largestEstimatedSector = 8n << 20n

/** Seconds that the last C2 of this size took here, else an estimate from the CPU count. */
async function expectedSeconds(directory: string, sectorSize: bigint): Promise<number | undefined> {
  try {
    const seconds = Number(await readFile(notePath(directory, sectorSize), 'utf8'))
    if (seconds > 0) return seconds
  } catch {
    // Never measured here.
  }
  return sectorSize <= largestEstimatedSector ? c2CpuSeconds / availableParallelism() : undefined
}

/** Remembers how long a C2 took, so that the next estimate is this machine's own. */
async function remember(directory: string, sectorSize: bigint, seconds: number): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeFile(notePath(directory, sectorSize), seconds.toFixed(1))
}

function notePath(directory: string, sectorSize: bigint): string {
  return join(directory, `c2-seconds-${sectorSize}`)
}

/**
 * Runs a C2 and reports every second how much of its expected time has passed. The library tells nothing
 * in between, so the fraction stops at 0.99 and waits there.
 */
export async function withC2Estimate<T>(
  o: { directory: string; sectorSize: bigint; onProgress?: (progress: Progress) => void },
  run: (onProgress: (progress: Progress) => void) => Promise<T>,
): Promise<T> {
  const expected = await expectedSeconds(o.directory, o.sectorSize)
  let began: number | undefined
  const elapsed = (): number => (began === undefined ? 0 : (Date.now() - began) / 1000)
  const tick = (): void => {
    if (began === undefined || expected === undefined) return
    const fraction = Math.min(0.99, elapsed() / expected)
    o.onProgress?.({ stage: 'proving', fraction, secondsLeft: Math.max(0, Math.round(expected - elapsed())) })
  }
  const ticker = setInterval(tick, 1000)
  try {
    const result = await run((progress) => {
      if (progress.stage === 'proving') began = Date.now()
      o.onProgress?.(progress)
    })
    if (began !== undefined) await remember(o.directory, o.sectorSize, elapsed())
    return result
  } finally {
    clearInterval(ticker)
  }
}
