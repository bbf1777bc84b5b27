/** The wall clock, as a thing that can be handed in. */
export class Clock {
  /** Unix ms. */
  now(): number {
    return Date.now()
  }
}
