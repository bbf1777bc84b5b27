/** JSON between our own processes: bigint as decimal string, bytes as base64. */
export function wire(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => {
      if (typeof item === 'bigint') return item.toString()
      return item instanceof Uint8Array ? Buffer.from(item).toString('base64') : item
    }),
  )
}
