import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { runtimeDir } from '../connect/run-state.js'

type Env = Readonly<Record<string, string | undefined>>
type Row = Readonly<Record<string, unknown>>

interface Source {
  readonly app: 'provider' | 'sealer' | 'miner'
  readonly method: string
  readonly params: object
  readonly ids: (row: Row) => readonly unknown[]
}

const deals = { app: 'provider', method: 'deals.list', params: { limit: 500 } } as const
const sectors = { app: 'sealer', method: 'sectors.list', params: { limit: 1_000 } } as const
const keys = { app: 'miner', method: 'wallet.list', params: {} } as const

const sources = {
  deals: [{ ...deals, ids: (row) => [row.dealUuid] }],
  dealIds: [{ ...deals, ids: (row) => [row.dealId] }],
  pieces: [{ app: 'sealer', method: 'pieces.list', params: {}, ids: (row) => [row.dealUuid] }],
  sectors: [{ ...sectors, ids: (row) => [row.sectorNumber] }],
  messages: [{ app: 'miner', method: 'messages.list', params: { limit: 200 }, ids: (row) => [row.cid] }],
  addresses: [
    { ...keys, ids: (row) => [row.address] },
    { app: 'miner', method: 'status', params: {}, ids: (row) => [row.miner] },
  ],
  miners: [{ app: 'miner', method: 'status', params: {}, ids: (row) => [row.miner] }],
  keys: [{ ...keys, ids: (row) => [row.name] }],
  peers: [
    {
      app: 'provider',
      method: 'net.peers',
      params: {},
      ids: (row) =>
        (row.addrs as string[]).map((addr) => (addr.includes('/p2p/') ? addr : `${addr}/p2p/${row.peerId}`)),
    },
  ],
  peerIds: [
    { app: 'provider', method: 'net.peers', params: {}, ids: (row) => [row.peerId] },
    { app: 'provider', method: 'net.blocks', params: {}, ids: (row) => row.peers as string[] },
  ],
  blockedIps: [{ app: 'provider', method: 'net.blocks', params: {}, ids: (row) => row.ips as string[] }],
  blockedSubnets: [
    { app: 'provider', method: 'net.blocks', params: {}, ids: (row) => row.subnets as string[] },
  ],
  workers: [{ app: 'sealer', method: 'sealing.workers', params: {}, ids: (row) => [row.workerId] }],
} as const satisfies Readonly<Record<string, readonly Source[]>>

export type IdKind = keyof typeof sources

/** An app that does not answer within this is left out: a person is holding the Tab key. Unit: ms. */
const deadlineMs = 250

/** Ids of a kind that the running apps know; none of what is down, and never an error. Loads nothing but Node. */
export async function liveIds(kind: string, env: Env): Promise<string[]> {
  if (!Object.hasOwn(sources, kind)) return []
  const wanted: readonly Source[] = sources[kind as IdKind]
  const lists = await Promise.all(wanted.map((source) => idsOf(source, env).catch(() => [])))
  return [...new Set(lists.flat())]
}

async function idsOf({ app, method, params, ids }: Source, env: Env): Promise<string[]> {
  const answer = JSON.parse(await ask(app, method, params, env)) as { result?: unknown }
  const rows = Array.isArray(answer.result) ? answer.result : [answer.result]
  return (rows as Row[])
    .flatMap(ids)
    .filter((id) => (typeof id === 'string' && id !== '') || typeof id === 'number')
    .map(String)
}

function ask(app: string, method: string, params: object, env: Env): Promise<string> {
  const info = env[`SEALANE_${app.toUpperCase()}_API_INFO`]
  const [, token, base] = /^([^:/\s]+):(https?:\/\/\S+)$/.exec(info ?? '') ?? []
  const url = new URL(`/v1/${encodeURIComponent(method)}`, base ?? 'http://localhost')
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const body = JSON.stringify(params)
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      {
        method: 'POST',
        agent: false,
        signal: AbortSignal.timeout(deadlineMs),
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(base === undefined ? { socketPath: join(runtimeDir(env), `${app}.sock`) } : {}),
        ...(url.protocol === 'https:' && env.SEALANE_CA !== undefined
          ? { ca: readFileSync(env.SEALANE_CA, 'utf8') }
          : {}),
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}
