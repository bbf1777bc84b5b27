import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FaultProxy, healthyLine } from './fault-proxy.js'

/** A line to a server that sends everything back. */
async function line(): Promise<{ proxy: FaultProxy; dial: () => Promise<Socket> }> {
  const server = createServer((socket) => {
    socket.on('error', () => {}) // reset by the proxy
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await FaultProxy.listen(() => (server.address() as AddressInfo).port)
  onTestFinished(async () => {
    await proxy.close()
    server.close()
  })
  const dial = async () => {
    const socket = connect(proxy.port, '127.0.0.1')
    socket.on('error', () => {}) // told by 'close'
    await once(socket, 'connect')
    return socket
  }
  return { proxy, dial }
}

async function echoed(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  const [bytes] = (await once(socket, 'data')) as [Buffer]
  return bytes.toString()
}

/** However it ended: `once` would reject for a reset. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

/** Resolves false when nothing comes back in 150 ms. */
async function answers(socket: Socket, text: string): Promise<boolean> {
  const late = AbortSignal.timeout(150)
  socket.write(text)
  return await once(socket, 'data', { signal: late }).then(
    () => true,
    () => false,
  )
}

describe('the line', () => {
  it('carries everything while it is healthy, and the end of it', async () => {
    const { dial } = await line()
    const socket = await dial()
    const big = 'x'.repeat(1_000_000)
    let back = ''
    socket.on('data', (bytes: Buffer) => {
      back += bytes.toString()
    })
    socket.end(big)
    await once(socket, 'close')
    expect(back).toBe(big)
  })

  it('resets what is connected when it is cut, refuses what comes, and heals', async () => {
    const { proxy, dial } = await line()
    const before = await dial()
    expect(await echoed(before, 'one')).toBe('one')
    const gone = closed(before)
    proxy.set({ ...healthyLine, cut: true })
    await gone
    const refused = connect(proxy.port, '127.0.0.1')
    refused.on('error', () => {}) // told by 'close'
    await closed(refused)
    proxy.set(healthyLine)
    expect(await echoed(await dial(), 'two')).toBe('two')
  })

  it('tells neither end when bytes vanish, one way or both, and resets the connection afterwards', async () => {
    const { proxy, dial } = await line()
    for (const way of ['swallowHomeward', 'swallowOutward'] as const) {
      const socket = await dial()
      expect(await echoed(socket, 'one')).toBe('one')
      proxy.set({ ...healthyLine, [way]: true })
      expect(await answers(socket, 'two')).toBe(false)
      expect(socket.destroyed).toBe(false)
      const gone = closed(socket)
      proxy.set(healthyLine)
      await gone
    }
  })

  it('delivers late and in order when it is slow', async () => {
    const { proxy, dial } = await line()
    const socket = await dial()
    proxy.set({ ...healthyLine, delayMs: 60 })
    const began = performance.now()
    socket.write('a')
    await pause(20)
    // The line gets faster: what is on its way is not overtaken.
    proxy.set({ ...healthyLine, delayMs: 1 })
    socket.write('b')
    let back = ''
    while (back.length < 2) back += String((await once(socket, 'data'))[0])
    expect(back).toBe('ab')
    expect(performance.now() - began).toBeGreaterThanOrEqual(60)
  })
})
