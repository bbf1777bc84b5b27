import type { HeldLock } from '@sealane/sql'

/** This process's hold on the state directory; freed by its death too. */
export class StateLock {
  constructor(readonly lock: HeldLock) {}
}
