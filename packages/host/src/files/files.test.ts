import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createAuthority,
  type Identity,
  issueCertificate,
  loadIdentity,
  tlsOptions,
} from '../tls/certificates.js'
import { fetchRange } from './fetch-range.js'
import { putFile } from './put-file.js'
import { requestPathOf } from './request-path.js'
import { type FileServer, serveFiles } from './serve-files.js'
import { listTrash, purgeTrash, trash } from './trash.js'
import { writeFileDurable } from './write-file-durable.js'

const dir = mkdtempSync(join(tmpdir(), 'sl-f-'))
afterAll(() => rmSync(dir, { recursive: true }))

describe('trash', () => {
  const root = join(dir, 'store')
  const now = new Date('2026-03-04T05:06:07Z')
  it('moves, with a manifest, on the same volume', async () => {
    mkdirSync(join(root, 'cache', 's-1'), { recursive: true })
    writeFileSync(join(root, 'cache', 's-1', 'data'), 'bytes')
    const to = await trash(root, join(root, 'cache', 's-1'), 'finished', now)
    expect(existsSync(join(root, 'cache', 's-1'))).toBe(false)
    expect(to).toMatch(/store\/trash\/2026-03-04\/s-1\.[0-9a-f]{12}\/s-1$/)
    expect(readFileSync(join(to ?? '', 'data'), 'utf8')).toBe('bytes')
    expect(await listTrash(root)).toMatchObject([
      { originalPath: join(root, 'cache', 's-1'), reason: 'finished', trashedMs: now.getTime() },
    ])
  })
  it('takes the same name twice, and what is gone already', async () => {
    writeFileSync(join(root, 'a'), '1')
    await trash(root, join(root, 'a'), 'x', now)
    writeFileSync(join(root, 'a'), '2')
    await trash(root, join(root, 'a'), 'x', now)
    expect(await trash(root, join(root, 'a'), 'x', now)).toBeUndefined()
    expect(await listTrash(root)).toHaveLength(3)
  })
  it('purges only what has lain long enough', async () => {
    expect(await purgeTrash(root, 86_400_000, new Date(now.getTime() + 86_399_999))).toEqual([])
    expect(await purgeTrash(root, 86_400_000, new Date(now.getTime() + 86_400_000))).toHaveLength(3)
    expect(await listTrash(root)).toEqual([])
  })
})

describe('durable files', () => {
  it('replace in one step and leave nothing beside', async () => {
    const path = join(dir, 'durable', 'x')
    mkdirSync(join(dir, 'durable'))
    await writeFileDurable(path, 'one')
    await writeFileDurable(path, 'two')
    expect(readFileSync(path, 'utf8')).toBe('two')
    expect(readdirSync(join(dir, 'durable'))).toEqual(['x'])
  })
})

describe('the path of a request', () => {
  it('is decoded, without its query; escapes that are no text are no path', () => {
    expect(requestPathOf('/a%20b?c=%zz')).toBe('/a b')
    expect(requestPathOf('/%zz')).toBeUndefined()
    expect(requestPathOf('/%ff')).toBeUndefined()
  })
})

describe('files over HTTPS', () => {
  const content = randomBytes(3_000_001)
  let tls: { abroad: Identity; home: Identity; other: Identity }
  let server: FileServer
  beforeAll(async () => {
    const certificates = join(dir, 'certs')
    await createAuthority(certificates)
    for (const role of ['abroad', 'home', 'other']) await issueCertificate(certificates, { role })
    tls = {
      abroad: loadIdentity(certificates, 'abroad'),
      home: loadIdentity(certificates, 'home'),
      other: loadIdentity(certificates, 'other'),
    }
    writeFileSync(join(dir, 'piece'), content)
    const find = async (path: string) => (path === '/pieces/baga' ? join(dir, 'piece') : undefined)
    server = await serveFiles({ host: '127.0.0.1', port: 0, tls: tls.abroad, roles: ['home'], find })
  })
  afterAll(() => server.close())

  const sizeBytes = BigInt(content.length)
  const options = (o: object = {}) => ({
    url: `https://127.0.0.1:${server.port}/pieces/baga`,
    tls: tls.home,
    role: 'abroad',
    start: 0n,
    sizeBytes,
    ...o,
  })
  async function all(o: Parameters<typeof fetchRange>[0]): Promise<Buffer> {
    const chunks: Uint8Array[] = []
    for await (const chunk of fetchRange(o)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  it('brings a file whole, and the rest of one', async () => {
    expect((await all(options())).equals(content)).toBe(true)
    expect((await all(options({ start: 2_999_990n }))).equals(content.subarray(2_999_990))).toBe(true)
    expect((await all(options({ start: sizeBytes }))).length).toBe(0)
  })
  it('refuses other roles, unknown names, and a server of another role', async () => {
    await expect(all(options({ tls: tls.other }))).rejects.toMatchObject({
      code: 'FILE_REFUSED',
      remedy: 'hold',
      message: expect.stringContaining('403'),
    })
    await expect(all(options({ url: `https://127.0.0.1:${server.port}/etc/passwd` }))).rejects.toMatchObject({
      code: 'FILE_REFUSED',
    })
    await expect(all(options({ role: 'other' }))).rejects.toMatchObject({
      code: 'FILE_TRANSFER',
      remedy: 'retry',
    })
  })
  it('takes no byte more than promised', async () => {
    await expect(all(options({ sizeBytes: sizeBytes - 1n }))).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
      remedy: 'drop',
    })
    await expect(all(options({ sizeBytes: sizeBytes + 1n }))).rejects.toMatchObject({ code: 'FILE_REFUSED' })
  })
  it('takes a file whole or not at all, where it is told to, and no larger', async () => {
    const inbox = join(dir, 'in', 'c1')
    const receive = async (path: string) =>
      path === '/c1/7' ? { path: inbox, maxBytes: 2_000_000 } : undefined
    const hub = await serveFiles({
      host: '127.0.0.1',
      port: 0,
      tls: tls.abroad,
      roles: ['home'],
      find: async () => undefined,
      receive,
    })
    const put = (path: string, name: string, who: Identity = tls.home) =>
      putFile({ url: `https://127.0.0.1:${hub.port}${path}`, path: name, tls: who, role: 'abroad' })
    writeFileSync(join(dir, 'small'), content.subarray(0, 1_500_000))
    await put('/c1/7', join(dir, 'small'))
    expect(readFileSync(inbox).equals(content.subarray(0, 1_500_000))).toBe(true)
    await expect(put('/c1/8', join(dir, 'small'))).rejects.toMatchObject({
      remedy: expect.stringMatching(/retry|hold/),
    })
    await expect(put('/c1/7', join(dir, 'piece'))).rejects.toMatchObject({
      remedy: expect.stringMatching(/retry|hold/),
    })
    await expect(put('/c1/7', join(dir, 'small'), tls.other)).rejects.toMatchObject({
      remedy: expect.stringMatching(/retry|hold/),
    })
    expect(readFileSync(inbox)).toHaveLength(1_500_000)
    expect(readdirSync(join(dir, 'in'))).toEqual(['c1'])
    await hub.close()
  })
  it('says so when nobody is there', async () => {
    await expect(all(options({ url: 'https://127.0.0.1:1/pieces/baga' }))).rejects.toMatchObject({
      code: 'FILE_TRANSFER',
      remedy: 'retry',
    })
  })

  describe('from a lying server', () => {
    let liar: Server
    let port: number
    let behave: 'redirect' | 'ignore' | 'cut' | 'long' | 'wrong' | 'silent'
    beforeAll(async () => {
      liar = createServer(tlsOptions(tls.abroad), (request, response) => {
        const range = { 'content-range': `bytes 0-${content.length - 1}/${content.length}` }
        if (behave === 'redirect') response.writeHead(302, { location: 'https://169.254.169.254/' }).end()
        else if (behave === 'ignore') response.writeHead(200).end(content)
        else if (behave === 'long') response.writeHead(206, range).end(Buffer.concat([content, content]))
        else if (behave === 'wrong')
          response.writeHead(206, { 'content-range': `bytes 7-9/${content.length}` }).end('abc')
        else if (behave === 'cut') {
          response.writeHead(206, range)
          response.write(content.subarray(0, 1_000))
          setTimeout(() => request.socket.destroy(), 20)
        } else {
          response.writeHead(206, range)
          response.write('x')
        }
      })
      await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve))
      const address = liar.address()
      port = typeof address === 'object' && address !== null ? address.port : 0
    })
    afterAll(() => {
      liar.closeAllConnections()
      liar.close()
    })
    it.each([
      ['redirect', 'FILE_REFUSED'],
      ['ignore', 'FILE_REFUSED'],
      ['wrong', 'FILE_REFUSED'],
      ['long', 'FILE_TOO_LARGE'],
      ['cut', 'FILE_TRANSFER'],
      ['silent', 'FILE_TRANSFER'],
    ] as const)('that does this: %s', async (how, code) => {
      behave = how
      await expect(
        all(options({ url: `https://127.0.0.1:${port}/pieces/baga`, idleTimeoutMs: 300 })),
      ).rejects.toMatchObject({ code })
    })
  })
})
