/**
 * A function of one item that is done for many at once: what is asked while `together` is at work, or in the same turn
 * of the event loop, is handed to it as one group of at most `most`, in order.
 * @param together one outcome for each item; a throw is every item's failure
 */
export function gathered<Item, Result>(
  { most }: { most: number },
  together: (items: readonly Item[]) => Promise<readonly PromiseSettledResult<Result>[]>,
): (item: Item) => Promise<Result> {
  const waiting: { item: Item; resolve: (value: Result) => void; reject: (cause: unknown) => void }[] = []
  let working = false

  const work = async () => {
    working = true
    while (waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve))
      const group = waiting.splice(0, most)
      try {
        const outcomes = await together(group.map(({ item }) => item))
        for (const [at, { resolve, reject }] of group.entries()) {
          const outcome = outcomes[at]
          if (outcome?.status === 'fulfilled') resolve(outcome.value)
          else reject(outcome?.reason ?? new Error('a group left one of its items without an outcome'))
        }
      } catch (cause) {
        for (const { reject } of group) reject(cause)
      }
    }
    working = false
  }

  return (item) => {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    waiting.push({ item, resolve, reject })
    if (!working) void work()
    return promise
  }
}
