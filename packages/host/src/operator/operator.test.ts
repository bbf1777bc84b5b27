import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { health, nothing, operatorApi } from '@sealane/proto'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Health } from '../app/health.js'
import { Metrics } from '../app/metrics.js'
import { Secret } from '../config/secret.js'
import { HostError } from '../errors/host-error.js'
import { createAuthority, issueCertificate, loadIdentity } from '../tls/certificates.js'
import { operatorClient } from './operator-client.js'
import { createOperatorToken } from './operator-token.js'
import { type OperatorServer, serveOperator } from './serve-operator.js'

const api = operatorApi({
  health: { permission: 'read', params: nothing, result: health },
  'things.add': {
    permission: 'write',
    params: z.object({ name: z.string().min(1), size: z.string().regex(/^\d+$/) }),
    result: z.object({ size: z.string() }),
  },
  'things.fail': { permission: 'admin', params: nothing, result: nothing },
})
const dir = mkdtempSync(join(tmpdir(), 'sl-o-'))
const socketPath = join(dir, 'run', 'api.sock')
const jwtSecret = new Secret('a long secret for tests only, 32 bytes')
const lamps = new Health()
lamps.room('queue').green()
lamps.room('chain').red('no node answers')
const handlers = {
  health: async () => lamps.report(),
  'things.add': async ({ size }: { size: string }) => ({ size: String(BigInt(size) * 2n) }),
  'things.fail': async () => {
    throw new HostError({ code: 'QUEUE_DOWN', queue: 'q', server: 's' }, 'queue server s does not answer')
  },
}
let server: OperatorServer | undefined
const serve = async (o: object = {}) => {
  server = await serveOperator({ api, handlers, socketPath, jwtSecret, ...o })
  return server
}
afterEach(async () => {
  await server?.close()
  server = undefined
})
afterAll(() => rmSync(dir, { recursive: true }))

describe('operator API on a unix socket', () => {
  const client = operatorClient(api, { socketPath })
  it('answers whoever reaches the socket, as admin, in a folder of its owner only', async () => {
    await serve()
    expect(await client['things.add']({ name: 'a', size: '4503599627370497' })).toEqual({
      size: '9007199254740994',
    })
    expect(await client.health({})).toEqual({
      ok: false,
      rooms: [
        { room: 'queue', ok: true, reason: '' },
        { room: 'chain', ok: false, reason: 'no node answers' },
      ],
    })
    expect(statSync(join(dir, 'run')).mode & 0o777).toBe(0o700)
    expect(statSync(socketPath).mode & 0o777).toBe(0o600)
  })
  it('brings failures over with code and remedy', async () => {
    await serve()
    await expect(client['things.fail']({})).rejects.toMatchObject({
      code: 'QUEUE_DOWN',
      remedy: 'retry',
      message: 'queue server s does not answer',
    })
    await expect(client['things.add']({ name: '', size: 'x' })).rejects.toMatchObject({
      code: 'WRONG_PARAMETERS',
      message: expect.stringMatching(/^name: .*; size: /),
    })
    const stranger = operatorClient(
      operatorApi({ constructor: { permission: 'read', params: nothing, result: nothing } }),
      { socketPath },
    )
    await expect(stranger.constructor({})).rejects.toMatchObject({ code: 'NO_SUCH_METHOD' })
  })
  it('says when nothing runs', async () => {
    await expect(client.health({})).rejects.toMatchObject({
      code: 'NOT_RUNNING',
      remedy: 'retry',
      message: expect.stringContaining('start it first'),
    })
  })
  it('takes over a socket left by a killed process, but not a living one', async () => {
    const child = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen(${JSON.stringify(socketPath)})`,
    ])
    await expect.poll(() => existsSync(socketPath), { timeout: 5_000 }).toBe(true)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await serve()
    expect(await client.health({})).toMatchObject({ ok: false })
    await expect(serveOperator({ api, handlers, socketPath })).rejects.toMatchObject({
      code: 'ADDRESS',
      message: expect.stringContaining('another process'),
    })
  })
  it('refuses a folder that others can enter', async () => {
    mkdirSync(join(dir, 'open'))
    chmodSync(join(dir, 'open'), 0o755)
    await expect(serveOperator({ api, handlers, socketPath: join(dir, 'open', 's') })).rejects.toThrow(
      'chmod 700',
    )
  })
})

describe('operator API over TCP', () => {
  it('wants a token, and lets it do what it allows', async () => {
    const { port } = await serve({ tcp: { host: '127.0.0.1', port: 0 } })
    const url = `http://127.0.0.1:${port}`
    const withToken = async (permission: 'read' | 'write') =>
      operatorClient(api, { url, token: await createOperatorToken(jwtSecret, permission) })
    expect(await (await withToken('write'))['things.add']({ name: 'a', size: '1' })).toEqual({ size: '2' })
    await expect((await withToken('read'))['things.add']({ name: 'a', size: '1' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    await expect(operatorClient(api, { url, token: 'x.y.z' }).health({})).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    })
    const forged = await createOperatorToken(new Secret('another secret of a stranger, 32 bytes'), 'admin')
    await expect(operatorClient(api, { url, token: forged }).health({})).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    })
  })
  it('is not served in the open: not without a secret, and off loopback not without a certificate', async () => {
    await expect(
      serveOperator({
        api,
        handlers,
        socketPath: join(dir, 'run', 'b'),
        tcp: { host: '127.0.0.1', port: 0 },
      }),
    ).rejects.toThrow('no jwtSecret')
    await expect(
      serveOperator({
        api,
        handlers,
        socketPath: join(dir, 'run', 'c'),
        jwtSecret,
        tcp: { host: '0.0.0.0', port: 0 },
      }),
    ).rejects.toThrow('needs a certificate')
  })
  it('speaks https with a certificate', async () => {
    const certificates = join(dir, 'certs')
    await createAuthority(certificates)
    await issueCertificate(certificates, { role: 'keeper', hosts: ['localhost'] })
    const tls = loadIdentity(certificates, 'keeper')
    const { port } = await serve({ tcp: { host: '127.0.0.1', port: 0, tls } })
    const token = await createOperatorToken(jwtSecret, 'read')
    const client = operatorClient(api, { url: `https://localhost:${port}`, token, authority: tls.authority })
    expect(await client.health({})).toMatchObject({ ok: false })
    await expect(
      operatorClient(api, { url: `https://localhost:${port}`, token }).health({}),
    ).rejects.toMatchObject({ code: 'CALL_FAILED' })
  })
  it('shows metrics to those who may read', async () => {
    const metrics = new Metrics({ processMetrics: false })
    metrics.counter('sealane_things_total', 'Things').inc(3)
    await serve({ metrics, tcp: { host: '127.0.0.1', port: 0 } })
    const text = await new Promise<string>((resolve, reject) => {
      request({ socketPath, path: '/metrics' }, (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString()
        })
        response.on('end', () => resolve(body))
      })
        .on('error', reject)
        .end()
    })
    expect(text).toContain('sealane_things_total 3')
    expect((await fetch(`http://127.0.0.1:${server?.port}/metrics`)).status).toBe(401)
  })
})
