/** The result of `work`, or undefined after `ms`; the rest of `work` is then nobody's business. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  work.catch(() => {})
  let timer: NodeJS.Timeout | undefined
  try {
    return await Promise.race([
      work,
      new Promise<undefined>((resolve) => {
        timer = setTimeout(resolve, ms, undefined)
      }),
    ])
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}
