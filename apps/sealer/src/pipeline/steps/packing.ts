import type { Step } from '../step.js'

/** Places were given at admission; the worker that runs PreCommit1 writes the unsealed file. */
export const packing: Step = async () => ({ event: 'packed' })
