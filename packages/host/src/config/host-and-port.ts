import { HostError } from '../errors/host-error.js'

/** Splits `host:port` or `[v6]:port`. Throws HostError ADDRESS (`halt`). */
export function hostAndPort(address: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(address)
  const host = match?.[1] ?? match?.[2]
  if (match === null || host === undefined || Number(match[3]) > 65_535) {
    throw new HostError(
      { code: 'ADDRESS', address, reason: 'not host:port' },
      `"${address}" is not an address of the form host:port, such as 127.0.0.1:1234`,
    )
  }
  return { host, port: Number(match[3]) }
}
