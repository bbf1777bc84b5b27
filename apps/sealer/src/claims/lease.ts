/** A claim not heard of for this long is over. Longer than a BullMQ lock, so that a stall never outlives it. Unit: ms. */
export const LEASE_MS = 45_000
/** How often a worker says that it still works. Unit: ms. */
export const HEARTBEAT_MS = 5_000
