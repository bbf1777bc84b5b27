import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import {
  type Address,
  addBalanceParams,
  createMinerParams,
  createMinerReturn,
  keyAddress,
  marketActor,
  marketMethods,
  powerActor,
  powerMethods,
  signingBytes,
} from '@sealane/actors'
import { type ChainPort, createChainClient, rpcCall } from '@sealane/chain'
import { generateKey, type KeyInfo, publicKey, sign } from '@sealane/crypto'
import { attoFil, epoch, paddedSize } from '@sealane/fil-units'
import {
  createAuthority,
  freePort,
  issueCertificate,
  type OperatorClient,
  operatorClient,
} from '@sealane/host'
import { proposeDeal } from '@sealane/market/node'
import { providerOperator } from '@sealane/proto'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DataServer, honest, rangeOf } from './testing/data-server.js'
import { payload, TestClient } from './testing/provider-under-test.js'

const redis = localRedis()
const dir = temporaryDirectory()
const main = (app: string) => join(import.meta.dirname, '..', '..', app, 'dist', 'main.js')
const fil = 10n ** 18n

/** A process of ours: its lines are shown when a wait for it fails. */
class Process {
  readonly child: ChildProcess
  output = ''

  constructor(app: string, args: string[]) {
    this.child = spawn(process.execPath, [main(app), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString()
      })
    }
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode
    const gone = new Promise<number | null>((resolve) => this.child.once('exit', resolve))
    this.child.kill(signal)
    return await gone
  }
}

const processes: Process[] = []
function run(app: string, args: string[]): Process {
  const started = new Process(app, args)
  processes.push(started)
  return started
}

let chain: ChainPort
let nodes: string
let client: TestClient
let miner: Address
let server: DataServer
let flags: string[]
let operator: OperatorClient<typeof providerOperator>

/** Signs and sends one message, and waits until it is executed. */
async function send(
  key: KeyInfo,
  from: Address,
  to: Address,
  method: number,
  params: Uint8Array,
  value: bigint,
) {
  const nothing = attoFil(0n)
  const message = await chain.estimateGas({
    version: 0,
    from,
    to,
    nonce: await chain.mpoolNonce(from),
    value: attoFil(value),
    gasLimit: 0,
    gasFeeCap: nothing,
    gasPremium: nothing,
    method,
    params,
  })
  const cid = await chain.mpoolPush({ message, signature: sign(key, signingBytes(message)) })
  const found = await until(
    `message ${cid} to be executed`,
    () => chain.searchMessage(cid),
    (lookup) => lookup !== undefined,
  )
  if (found?.receipt.exitCode !== 0) throw new Error(`message ${cid} failed: exit ${found?.receipt.exitCode}`)
  return found.receipt
}

async function account(key: KeyInfo, type: 'bls' | 'secp256k1'): Promise<Address> {
  const address = keyAddress(type, publicKey(key))
  await rpcCall(nodes, 'Devnet.FundTo', [address, (1_000n * fil).toString()])
  await until(
    `${address} to be on chain`,
    () => chain.lookupId(address),
    (id) => id !== undefined,
  )
  return address
}

beforeAll(async () => {
  const devnetDir = join(dir, 'chain')
  const devnet = run('devnet', ['run', '--state-dir', devnetDir, '--listen', '127.0.0.1:0'])
  const token = join(devnetDir, 'token')
  await until(
    'the devnet',
    () => ({ there: existsSync(token) && existsSync(join(devnetDir, 'api')), output: devnet.output }),
    ({ there }) => there,
    {
      deadlineMs: 30_000,
    },
  )
  const api = readFileSync(join(devnetDir, 'api'), 'utf8').trim()
  nodes = `${readFileSync(token, 'utf8').trim()}:${api}`
  chain = createChainClient({ nodes })
  await until(
    'the devnet to answer',
    () => chain.head(),
    ({ height }) => height >= 0,
  )

  const worker = generateKey('bls', randomBytes(32))
  const workerAddress = await account(worker, 'bls')
  const created = await send(
    worker,
    workerAddress,
    powerActor,
    powerMethods.CreateMiner,
    createMinerParams.encode({
      owner: workerAddress,
      worker: workerAddress,
      windowPostProofType: 10,
      peer: new Uint8Array(0),
      multiaddrs: [],
    }),
    await chain.creationDeposit(),
  )
  miner = createMinerReturn.decode(created.return).idAddress
  await send(
    worker,
    workerAddress,
    marketActor,
    marketMethods.AddBalance,
    addBalanceParams.encode(miner),
    10n * fil,
  )
  client = await TestClient.create()
  await account(client.key, 'secp256k1')
  await send(
    client.key,
    client.address,
    marketActor,
    marketMethods.AddBalance,
    addBalanceParams.encode(client.address),
    10n * fil,
  )

  server = await new DataServer().listen()
  const certificates = join(dir, 'tls')
  await createAuthority(certificates)
  await issueCertificate(certificates, { role: 'provider' })
  const readToken = readFileSync(join(devnetDir, 'token-read'), 'utf8').trim()
  flags = Object.entries({
    'paths-state-dir': join(dir, 'provider'),
    'paths-runtime-dir': join(dir, 'run'),
    'tls-dir': certificates,
    'miner-address': miner,
    'chain-nodes': `${readToken}:${api}`,
    'crossing-redis-url': redis.url,
    'pieces-listen': `127.0.0.1:${await freePort()}`,
    'libp2p-listen': `/ip4/127.0.0.1/tcp/${await freePort()}`,
    'deals-expected-seal-epochs': '100',
    'transfer-allow-private-addresses': 'true',
  }).flatMap(([name, value]) => [`--${name}`, value])
  operator = operatorClient(providerOperator, { socketPath: join(dir, 'run', 'provider.sock') })
}, 60_000)
afterAll(async () => {
  await client?.stop()
  await chain?.close()
  for (const started of processes.reverse()) await started.end('SIGKILL')
})

async function up(): Promise<{ provider: Process; connection: Connection; startMs: number }> {
  const began = performance.now()
  const provider = run('provider', ['run', ...flags])
  const addresses = await until(
    'the provider to listen',
    async () => [...(await operator['net.listen']({}).catch(() => [])), provider.output.slice(-2000)],
    (lines) => lines.length > 1,
    { deadlineMs: 20_000 },
  )
  const startMs = performance.now() - began
  const { peerId } = await operator['net.id']({})
  const connection = await client.host.dial(multiaddr(`${addresses[0]}/p2p/${peerId}`))
  await until(
    'the first ask',
    () => operator['asks.get']({}),
    (ask) => ask !== null,
  )
  return { provider, connection, startMs }
}

async function propose(data: Uint8Array, url: string) {
  const { height } = await chain.head()
  const size = paddedSize(BigInt(2 ** Math.ceil(Math.log2(data.length * (128 / 127)))))
  const bounds = await chain.collateralBounds(size, false)
  return client.propose(data, {
    url,
    provider: miner,
    startEpoch: epoch(height + 5_760),
    collateral: (bounds.min * 6n) / 5n,
    price: 1_000_000_000n,
  })
}

describe('a provider process on the embedded devnet', () => {
  it('takes a deal, is killed in the middle of its transfer, and has it after all', async () => {
    const first = await up()
    const data = payload(1024)
    let cut = true
    const url = server.put('/piece', data, (request, response, file) => {
      if (!cut) return honest(request, response, file)
      const { start } = rangeOf(request, file.length)
      response.writeHead(206, { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` })
      response.write(file.subarray(start, start + 500))
    })
    const params = await propose(data, url)
    expect(await proposeDeal(first.connection, params)).toEqual({ accepted: true, message: '' })
    const deal = () => operator['deals.get']({ id: params.dealUuid })
    await until('half of the bytes', deal, ({ receivedBytes }) => receivedBytes === '500')
    await first.provider.end('SIGKILL')
    cut = false

    const second = await up()
    await until('the whole of them', deal, ({ state }) => state === 'Transferred')
    expect(server.asked('/piece').at(-1)?.range).toBe(`bytes=500-${data.length - 1}`)
    expect((await client.status(second.connection, params.dealUuid)).dealStatus).toMatchObject({
      status: 'Transferred',
    })
    expect(await proposeDeal(second.connection, params)).toMatchObject({ accepted: false })

    const stopping = performance.now()
    expect(await second.provider.end('SIGTERM')).toBe(0)
    expect(performance.now() - stopping).toBeLessThan(10_000)
  }, 60_000)

  it('holds proposals against the chain itself', async () => {
    const { connection, provider } = await up()
    const poor = await TestClient.create()
    await account(poor.key, 'secp256k1')
    const data = payload(2048)
    const { height } = await chain.head()
    const offline = (o: object) =>
      poor.propose(data, { offline: true, provider: miner, startEpoch: epoch(height + 5_760), ...o })
    expect(await proposeDeal(connection, offline({ collateral: 1n }))).toMatchObject({
      message: expect.stringMatching(/^failed validation: proposed provider collateral 1 below minimum \d+$/),
    })
    const bounds = await chain.collateralBounds(paddedSize(2048n), false)
    expect(
      await proposeDeal(connection, offline({ collateral: bounds.min, price: 1_000_000_000n })),
    ).toMatchObject({
      message: expect.stringMatching(/^failed validation: client available funds in escrow 0 not enough/),
    })
    const unknown = await TestClient.create()
    const stranger = unknown.propose(data, {
      offline: true,
      provider: miner,
      startEpoch: epoch(height + 5_760),
      collateral: bounds.min,
      price: 1_000_000_000n,
    })
    expect(await proposeDeal(connection, stranger)).toEqual({
      accepted: false,
      message: 'failed validation: server error: getting market balance',
    })
    await Promise.all([poor.stop(), unknown.stop()])
    await provider.end('SIGTERM')
  }, 60_000)
})

describe('the command', () => {
  const command = (...args: string[]) =>
    spawnSync(process.execPath, [main('provider'), ...args], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    })

  it('prints a configuration that it accepts', () => {
    const { stdout, status } = command('config', 'default')
    expect(status).toBe(0)
    expect(stdout).toContain('redis_url')
    expect(command('config', 'check', ...flags)).toMatchObject({ status: 0 })
  })

  it('says in one line what is wrong, and exits with the code for it', async () => {
    const missing = command('config', 'check')
    expect(missing.status).toBe(78)
    expect(missing.stderr.trim().split('\n')).toHaveLength(1)
    expect(command('config', 'check', ...flags, '--transfer-concurency', '3').stderr).toContain('concurrency')
    const noCertificate = command('run', ...flags, '--tls-dir', join(dir, 'nowhere'))
    expect(noCertificate.status).toBe(78)
    expect(noCertificate.stderr).toContain('CERTIFICATE')
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const busy = command('run', ...flags, '--pieces-listen', `127.0.0.1:${port}`)
    expect(busy.status).toBe(78)
    expect(busy.stderr).toContain(`127.0.0.1:${port}`)
    taken.close()
  })
})
