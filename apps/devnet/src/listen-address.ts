/** `127.0.0.1:1234` or `[::1]:1234`, taken apart. @throws RangeError with one plain line */
export function listenAddress(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > 65_535) {
    throw new RangeError(`rpc.listen: "${text}" is not host:port, such as 127.0.0.1:1234`)
  }
  return { host, port }
}
