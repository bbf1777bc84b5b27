import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, describe, expect, it } from 'vitest'
import { Health } from '../app/health.js'
import { fetchRange } from '../files/fetch-range.js'
import { serveFiles } from '../files/serve-files.js'
import { serveGrpc } from '../grpc/serve-grpc.js'
import { createLog } from '../log/log.js'
import { createAuthority, type Identity, issueCertificate, loadIdentity, tlsOptions } from './certificates.js'
import { liveIdentity, renewIdentities } from './live-identity.js'

const dayMs = 86_400_000
const made: string[] = []
afterAll(() => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true })
})

function temporaryDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sl-tls-'))
  made.push(dir)
  return dir
}

/** The serial number that a server shows now. */
function shown(port: number, identity: Identity): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      servername: 'server.sealane.internal',
      ...tlsOptions(identity),
    })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate().serialNumber)
      socket.destroy()
    })
  })
}

describe('a certificate that is renewed', () => {
  it('is shown by each server from the next connection on, and what is open goes on', async () => {
    const dir = temporaryDirectory()
    await createAuthority(dir)
    for (const role of ['server', 'client']) await issueCertificate(dir, { role })
    writeFileSync(join(dir, 'file'), new Uint8Array(4_000_000))
    const health = new Health()
    const [server, client] = [liveIdentity(dir, 'server', { health }), loadIdentity(dir, 'client')]
    const files = await serveFiles({
      host: '127.0.0.1',
      port: 0,
      tls: server,
      roles: ['client'],
      find: async () => join(dir, 'file'),
    })
    const grpc = await serveGrpc({ services: [], address: '127.0.0.1:0', tls: server })
    try {
      const first = await shown(files.port, client)
      expect(await shown(grpc.port, client)).toBe(first)
      const url = `https://127.0.0.1:${files.port}/file`
      const open = fetchRange({ url, tls: client, role: 'server', start: 0n, sizeBytes: 4_000_000n })
      let got = (await open.next()).value?.length ?? 0

      await issueCertificate(dir, { role: 'server' })
      expect(await shown(files.port, client)).toBe(first)
      expect(renewIdentities()).toBe(true)
      const second = await shown(files.port, client)
      expect(second).not.toBe(first)
      expect(await shown(grpc.port, client)).toBe(second)
      for await (const chunk of open) got += chunk.length
      expect(got).toBe(4_000_000)
    } finally {
      await Promise.all([files.close(), grpc.close()])
    }
  })

  it('stays out of use while it is wrong, and health says so', async () => {
    const dir = temporaryDirectory()
    await createAuthority(dir)
    await issueCertificate(dir, { role: 'server', validForMs: 200 * dayMs })
    const health = new Health()
    const identity = liveIdentity(dir, 'server', { health })
    const before = identity.certificate
    expect(health.report().ok).toBe(true)
    const other = temporaryDirectory()
    await createAuthority(other)
    await issueCertificate(other, { role: 'server', outDir: join(dir, 'x') })
    writeFileSync(join(dir, 'server.crt'), loadIdentity(join(dir, 'x'), 'server').certificate)
    expect(renewIdentities()).toBe(false)
    expect(identity.certificate).toBe(before)
    expect(health.room('certificate').reason).toMatch(/was not issued by .*; the old one stays in use$/)
    await issueCertificate(dir, { role: 'server', validForMs: 20 * dayMs })
    expect(renewIdentities()).toBe(true)
    expect(health.room('certificate').reason).toMatch(/^certificate of server expires in (19|20) days: /)
  })

  it('may be of a new authority while both are trusted', async () => {
    const [old, next] = [temporaryDirectory(), temporaryDirectory()]
    for (const dir of [old, next]) await createAuthority(dir)
    await issueCertificate(old, { role: 'server' })
    const before = loadIdentity(old, 'server')
    await issueCertificate(next, { role: 'client' })
    const client = loadIdentity(next, 'client')
    writeFileSync(join(old, 'ca.crt'), `${before.authority}${client.authority}`)
    writeFileSync(join(next, 'ca.crt'), `${client.authority}${before.authority}`)
    const server = await serveGrpc({ services: [], address: '127.0.0.1:0', tls: loadIdentity(old, 'server') })
    try {
      expect(await shown(server.port, loadIdentity(next, 'client'))).toMatch(/^[0-9A-F]+$/)
    } finally {
      await server.close()
    }
  })
})

describe('a connection that is refused', () => {
  it.each([
    [
      'no certificate',
      'none',
      'it shows no certificate',
      'the server wants a certificate of ours and got none',
    ],
    [
      'an expired one',
      'expired',
      'its certificate has expired',
      /closed the connection without a word|has expired/,
    ],
    [
      "another authority's",
      'other',
      'its certificate is of another authority',
      /closed the connection without a word|authority/,
    ],
  ])('%s: is told on both sides', async (_what, folder, server, caller) => {
    const dir = temporaryDirectory()
    await createAuthority(dir)
    await issueCertificate(dir, { role: 'server' })
    const other = temporaryDirectory()
    await createAuthority(other)
    if (folder === 'expired')
      await issueCertificate(dir, { role: 'client', outDir: join(dir, folder), validForMs: -1 })
    if (folder === 'other') await issueCertificate(other, { role: 'client', outDir: join(dir, folder) })
    const good = loadIdentity(dir, 'server')
    const bad: Identity =
      folder === 'none'
        ? { ...good, certificate: '', key: '' }
        : loadIdentity(join(dir, folder), 'client', { now: new Date(Date.now() - 1000) })
    const logFile = join(dir, 'log')
    const log = createLog({ name: 'test', file: logFile })
    const files = await serveFiles({
      host: '127.0.0.1',
      port: 0,
      tls: good,
      roles: ['client'],
      find: async () => undefined,
      log,
    })
    const grpc = await serveGrpc({ services: [], address: '127.0.0.1:0', tls: good, log })
    try {
      for (const { port } of [files, grpc]) {
        const url = `https://127.0.0.1:${port}/x`
        const tls = { ...bad, authority: good.authority }
        const fetched = fetchRange({ url, tls, role: 'server', start: 0n, sizeBytes: 9n }).next()
        await expect(fetched).rejects.toThrow(caller)
      }
      log.flush()
      const lines = readFileSync(logFile, 'utf8').trim().split('\n')
      const told = lines.map((line) => JSON.parse(line) as { msg: string; reason: string })
      expect(told.map(({ msg }) => msg)).toEqual([
        'file server refused a connection',
        'gRPC refused a connection',
      ])
      for (const { reason } of told) expect(reason).toBe(server)
    } finally {
      await Promise.all([files.close(), grpc.close()])
    }
  })
})
