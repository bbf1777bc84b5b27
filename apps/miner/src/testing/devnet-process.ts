import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ChainPort, createChainClient, rpcCall } from '@sealane/chain'
import { until } from '@sealane/testkit'

/** The devnet as operators run it: a process of its own, spoken to over Lotus JSON-RPC only. */
const program = fileURLToPath(new URL('../../../devnet/dist/main.js', import.meta.url))

export interface DevnetProcess {
  /** For FULLNODE_API_INFO, with the admin token. */
  readonly nodes: string
  readonly chain: ChainPort
  /** The devnet's own admin methods, which no app may use. */
  admin(method: string, params: unknown[]): Promise<unknown>
  fundTo(address: string, attoFil: bigint): Promise<void>
  stop(): Promise<void>
}

/** Starts a devnet on a free port with its state in `directory`. */
export async function startDevnet(directory: string, flags: readonly string[] = []): Promise<DevnetProcess> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const child = spawn(
    process.execPath,
    [
      program,
      'run',
      '--state-dir',
      directory,
      '--listen',
      '127.0.0.1:0',
      '--log-file',
      join(directory, 'devnet.log'),
      ...flags,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const read = (name: string) => readFileSync(join(directory, name), 'utf8').trim()
  await until(
    'the devnet listens',
    async () => ({
      exit: child.exitCode,
      stderr,
      ready: existsSync(join(directory, 'api')) && existsSync(join(directory, 'token')),
    }),
    ({ exit, ready }) => exit !== null || ready,
    { deadlineMs: 60_000 },
  )
  if (child.exitCode !== null) throw new Error(`the devnet ended: ${stderr}`)
  const nodes = `${read('token')}:${read('api')}`
  const chain = createChainClient({ nodes })
  const admin = async (method: string, params: unknown[]) => await rpcCall(nodes, method, params as never)
  return {
    nodes,
    chain,
    admin,
    fundTo: async (address, attoFil) => {
      await admin('Devnet.FundTo', [address, attoFil.toString()])
    },
    stop: async () => {
      await chain.close()
      await ended(child)
    },
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const over = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await over
}
