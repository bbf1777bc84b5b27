import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below what systems give to outgoing connections and to `listen(0)` (Linux: 32768 and up, ip_local_port_range): a server that is
 * being restarted finds its port as it left it, and two processes that choose at the same moment hardly ever choose the same.
 */
const range = { first: 10_240, last: 32_767 }
/** So many ports taken one after another mean something else is wrong. */
const TRIES = 1_000

const given = new Set<number>()

/** A TCP port of the loopback address that nothing listens on just now, and that this process was not given before. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const port = randomInt(range.first, range.last + 1)
    if (given.has(port)) continue
    try {
      await listenOnce(port, host)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries === TRIES) throw error
      continue
    }
    given.add(port)
    return port
  }
}

function listenOnce(port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, host, () => server.close(() => resolve()))
  })
}
