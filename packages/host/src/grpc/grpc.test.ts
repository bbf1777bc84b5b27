import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Channel } from 'nice-grpc'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CodedError, type Remedy } from '../errors/coded-error.js'
import {
  createAuthority,
  expiryWarning,
  type Identity,
  issueCertificate,
  loadIdentity,
} from '../tls/certificates.js'
import { grpcChannel, grpcClient } from './grpc-client.js'
import { type GrpcServer, grpcService, serveGrpc } from './serve-grpc.js'

interface Text {
  text: string
}
const codec = {
  requestSerialize: (value: Text) => Buffer.from(value.text),
  requestDeserialize: (bytes: Buffer): Text => ({ text: bytes.toString() }),
  responseSerialize: (value: Text) => Buffer.from(value.text),
  responseDeserialize: (bytes: Buffer): Text => ({ text: bytes.toString() }),
}
const definition = {
  say: { path: '/test.v1.Echo/Say', requestStream: false, responseStream: false, ...codec, options: {} },
  count: { path: '/test.v1.Echo/Count', requestStream: false, responseStream: true, ...codec, options: {} },
} as const

class Refusal extends CodedError<{ code: 'OLD_TURN'; turn: number; money: bigint }> {
  get remedy(): Remedy {
    return 'drop'
  }
}

const dir = mkdtempSync(join(tmpdir(), 'sl-g-'))
const day = 86_400_000
let keeper: Identity
let caller: Identity
let cleanup: (() => unknown)[] = []
beforeAll(async () => {
  await createAuthority(dir)
  await issueCertificate(dir, { role: 'keeper' })
  await issueCertificate(dir, { role: 'caller', name: 'caller-7' })
  keeper = loadIdentity(dir, 'keeper')
  caller = loadIdentity(dir, 'caller')
})
afterEach(async () => {
  for (const undo of cleanup.reverse()) await undo()
  cleanup = []
})
afterAll(() => rmSync(dir, { recursive: true }))

async function serve(o: { address?: string; tls?: Identity; roles?: string[] } = {}): Promise<GrpcServer> {
  const implementation = {
    async say(
      request: Text,
      context: { caller: { role: string; name: string }; signal: AbortSignal },
    ): Promise<Text> {
      if (request.text === 'old')
        throw new Refusal({ code: 'OLD_TURN', turn: 4, money: 2n ** 80n }, 'turn 4 is over')
      if (request.text === 'bug') throw new TypeError('oops')
      if (request.text === 'slow') await new Promise((resolve) => setTimeout(resolve, 3_000).unref())
      return { text: `${context.caller.role}/${context.caller.name}: ${request.text}` }
    },
    async *count(request: Text, context: { signal: AbortSignal }): AsyncGenerator<Text> {
      for (let n = 0; !context.signal.aborted; n++) {
        yield { text: `${request.text}${n}` }
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  }
  const server = await serveGrpc({
    services: [grpcService(definition, implementation, o.roles ?? ['caller'])],
    address: o.address ?? 'localhost:0',
    ...(o.address?.startsWith('unix:') ? {} : { tls: o.tls ?? keeper }),
  })
  cleanup.push(() => server.close())
  return server
}
function connect(o: Parameters<typeof grpcChannel>[0], deadlineMs = 5_000) {
  const channel: Channel = grpcChannel(o)
  cleanup.push(() => channel.close())
  return grpcClient(definition, channel, { deadlineMs })
}
const at = (server: GrpcServer) => `localhost:${server.port}`

describe('gRPC with role certificates', () => {
  it('tells the handler who calls', async () => {
    const server = await serve()
    const client = connect({ address: at(server), tls: caller, role: 'keeper' })
    expect(await client.say({ text: 'hello' })).toEqual({ text: 'caller/caller-7: hello' })
  })
  it('refuses another role plainly', async () => {
    const server = await serve({ roles: ['driver'] })
    const client = connect({ address: at(server), tls: caller, role: 'keeper' })
    await expect(client.say({ text: 'x' })).rejects.toMatchObject({
      code: 'GRPC_PERMISSION_DENIED',
      remedy: 'hold',
      message: expect.stringContaining('role caller may not call'),
    })
  })
  it('refuses a caller without a certificate', async () => {
    const client = connect({ address: at(await serve()) })
    await expect(client.say({ text: 'x' })).rejects.toMatchObject({
      code: 'GRPC_UNAVAILABLE',
      remedy: 'retry',
    })
  })
  it('refuses a certificate of another authority', async () => {
    const other = join(dir, 'other')
    await createAuthority(other)
    await issueCertificate(other, { role: 'caller' })
    const stranger = { ...loadIdentity(other, 'caller'), authority: keeper.authority }
    const client = connect({ address: at(await serve()), tls: stranger, role: 'keeper' })
    await expect(client.say({ text: 'x' })).rejects.toMatchObject({ code: 'GRPC_UNAVAILABLE' })
  })
  it('refuses an expired certificate, and does not start with one', async () => {
    const old = join(dir, 'old')
    await issueCertificate(dir, {
      role: 'caller',
      outDir: old,
      validForMs: 86_400_000,
      now: new Date(Date.now() - 10 * day),
    })
    expect(() => loadIdentity(old, 'caller')).toThrow(
      /caller\.crt expired on .*: issue one with `sealane certs issue caller`/,
    )
    const expired = loadIdentity(old, 'caller', { now: new Date(Date.now() - 9.5 * day) })
    const client = connect({ address: at(await serve()), tls: expired, role: 'keeper' })
    await expect(client.say({ text: 'x' })).rejects.toMatchObject({ code: 'GRPC_UNAVAILABLE' })
  })
  it('refuses a server of another role, wherever it listens', async () => {
    const client = connect({ address: at(await serve({ tls: caller })), tls: caller, role: 'keeper' })
    await expect(client.say({ text: 'x' })).rejects.toMatchObject({ code: 'GRPC_UNAVAILABLE' })
  })
  it('believes the certificate, not what a caller writes into its headers', async () => {
    const server = await serve({ roles: ['driver'] })
    const client = connect({ address: at(server), tls: caller, role: 'keeper' })
    const { Metadata } = await import('nice-grpc')
    const metadata = Metadata({ 'sealane-peer-role': 'driver' })
    await expect(client.say({ text: 'x' }, { metadata })).rejects.toMatchObject({
      code: 'GRPC_PERMISSION_DENIED',
    })
  })
  it('does not listen on TCP without a certificate', async () => {
    await expect(serveGrpc({ services: [], address: '0.0.0.0:0' })).rejects.toMatchObject({
      code: 'ADDRESS',
      remedy: 'halt',
    })
  })
  it('loads only a matching set', async () => {
    const mixed = join(dir, 'mixed')
    await issueCertificate(dir, { role: 'caller', outDir: mixed })
    writeFileSync(join(mixed, 'keeper.crt'), readFileSync(join(mixed, 'caller.crt')))
    writeFileSync(join(mixed, 'keeper.key'), readFileSync(join(mixed, 'caller.key')))
    expect(() => loadIdentity(mixed, 'keeper')).toThrow('is of role caller, not keeper')
    writeFileSync(join(mixed, 'caller.key'), readFileSync(join(dir, 'caller.key')))
    expect(() => loadIdentity(mixed, 'caller')).toThrow('does not belong to caller.key')
    expect(() => loadIdentity(mixed, 'driver')).toThrow('driver.crt is not there')
  })
  it('warns 30 days before the end', () => {
    expect(expiryWarning(keeper, new Date())).toBeUndefined()
    expect(expiryWarning(keeper, new Date(Date.now() + 340 * day))).toMatch(/expires in 2\d days/)
  })
})

describe('gRPC on a unix socket', () => {
  const address = `unix:${join(dir, 's')}`
  it("brings the server's error over, with its code, facts and remedy", async () => {
    await serve({ address })
    const client = connect({ address })
    expect(await client.say({ text: 'hi' })).toEqual({ text: 'local/local: hi' })
    await expect(client.say({ text: 'old' })).rejects.toMatchObject({
      code: 'OLD_TURN',
      remedy: 'drop',
      message: 'turn 4 is over',
      facts: { turn: 4, money: '1208925819614629174706176' },
    })
    await expect(client.say({ text: 'bug' })).rejects.toMatchObject({ code: 'TypeError', remedy: 'hold' })
  })
  it('ends a call at its deadline', async () => {
    await serve({ address })
    await expect(connect({ address }, 200).say({ text: 'slow' })).rejects.toMatchObject({
      code: 'DEADLINE',
      remedy: 'retry',
    })
  })
  it('streams until told to stop, and connects again to a restarted server', async () => {
    const first = await serve({ address })
    const client = connect({ address })
    const stop = new AbortController()
    const seen: string[] = []
    const reading = (async () => {
      for await (const { text } of client.count({ text: 'n' }, { signal: stop.signal })) {
        seen.push(text)
        if (seen.length === 3) stop.abort()
      }
    })()
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
    expect(seen).toEqual(['n0', 'n1', 'n2'])
    await first.close()
    await expect(client.say({ text: 'x' })).rejects.toMatchObject({
      code: 'GRPC_UNAVAILABLE',
      remedy: 'retry',
    })
    await serve({ address })
    await expect
      .poll(() => client.say({ text: 'x' }).catch(() => undefined), { timeout: 5_000 })
      .toEqual({ text: 'local/local: x' })
  })
})
