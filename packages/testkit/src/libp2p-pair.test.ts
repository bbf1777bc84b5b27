import { expect, it } from 'vitest'
import { libp2pPair } from './libp2p-pair.js'

const pair = libp2pPair()

it('carries bytes both ways over a real connection', async () => {
  const { server, connection } = await pair()
  await server.handle('/echo/1', async (stream) => {
    for await (const chunk of stream) stream.send(chunk)
    await stream.close()
  })
  const stream = await connection.newStream('/echo/1')
  stream.send(new TextEncoder().encode('hello'))
  await stream.close()
  let text = ''
  for await (const chunk of stream) text += new TextDecoder().decode(chunk.subarray())
  expect(text).toBe('hello')
})
