import type { BulkJobOptions } from 'bullmq'
import { BLOCK_SECONDS } from './watched-worker.js'

export interface ServerJob {
  readonly data: unknown
  readonly id?: string | undefined
}

/** What we use of BullMQ's Queue and Worker: only what both backends do alike. */
export interface ServerQueue {
  addBulk(jobs: { name: string; data: unknown; opts: BulkJobOptions }[]): Promise<unknown>
  getJobCounts(...types: ('wait' | 'delayed' | 'prioritized' | 'active')[]): Promise<Record<string, number>>
  on(event: 'error', listener: (error: Error) => void): unknown
  close(): Promise<void>
}

export interface ServerWorker {
  readonly silentMs: number
  concurrency: number
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'drained', listener: () => void): unknown
  pause(doNotWaitActive: boolean): Promise<void>
  close(force: boolean): Promise<void>
}

export interface WorkerSettings {
  readonly concurrency: number
  readonly lockMs: number
}

/** What differs between the two backends. */
export interface QueueServer {
  readonly backend: 'redis' | 'postgres'
  readonly shown: string
  queue(name: string): ServerQueue
  worker(name: string, run: (job: ServerJob) => Promise<void>, settings: WorkerSettings): ServerWorker
  /** Whether it is connected; waits a moment for that, longer before the first time. */
  ready(): Promise<boolean>
  /** Whether the server answers now. */
  ping(): Promise<boolean>
  check(): Promise<boolean>
  disconnect(): void
}

/** Closing one connection, queue or worker is given up after this. Unit: ms. */
export const CLOSE_TIMEOUT_MS = 1_500
/** Lock of a running job; the claim in the row, not this, decides who owns the work. Unit: ms. Source: BullMQ's default. */
export const LOCK_MS = 30_000

/** How both backends work a queue. */
export function workerOptions({ concurrency, lockMs }: WorkerSettings) {
  return {
    concurrency,
    drainDelay: BLOCK_SECONDS,
    lockDuration: lockMs,
    // Looked for as often: a job waits for two locks at most.
    stalledInterval: lockMs,
    // A stall never decides anything: the claim in the row does, so no job is failed for being stalled often.
    maxStalledCount: 1_000_000,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
    runRetryDelay: 1_000,
  }
}
