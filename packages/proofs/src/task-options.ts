/** How far a task is. */
export interface Progress {
  stage: string
  /** Done part of the whole task, 0 to 1, where it can be told. */
  fraction?: number
  /** Estimated seconds until it is done. */
  secondsLeft?: number
}

/** What every task takes. */
export interface TaskOptions {
  /** Kills the task's process at once. */
  signal?: AbortSignal
  onProgress?(progress: Progress): void
}
