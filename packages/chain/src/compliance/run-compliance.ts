import { importKey } from '@sealane/crypto'
import { type AttoFil, attoFil } from '@sealane/fil-units'
import { ChainError } from '../chain-error.js'
import { LotusChain } from '../lotus-chain.js'
import { parseApiInfo } from '../node/api-info.js'
import { RpcNode } from '../rpc/rpc-node.js'
import { chainChecks } from './chain-checks.js'
import type { ComplianceCheck, ComplianceContext } from './compliance-check.js'
import { Skipped } from './expect.js'
import { messageChecks } from './message-checks.js'
import { methodChecks } from './method-checks.js'
import { RawSocket } from './raw-socket.js'
import { shapeChecks } from './shape-checks.js'
import { socketChecks } from './socket-checks.js'
import { Spender } from './spender.js'
import { transportChecks } from './transport-checks.js'

export interface ComplianceOptions {
  /** FULLNODE_API_INFO; the first node is asked. */
  readonly nodes: string
  /** A key as `lotus wallet export` prints it, to send messages from; without it nothing is written. */
  readonly key?: string
  /** The most that may be spent. Default 0.05 FIL. */
  readonly mostSpent?: AttoFil
  /** After this the rest is skipped. Default: four minutes and sixty blocks. Unit: ms. */
  readonly timeoutMs?: number
  /** Told of each check before it begins, and waited for. */
  readonly started?: (name: string) => void | Promise<void>
}

export interface ComplianceOutcome {
  readonly name: string
  readonly outcome: 'pass' | 'fail' | 'skipped'
  /** Why it failed or was skipped. */
  readonly reason?: string
  readonly durationMs: number
}

/** What the checks spend at most when nothing is said: 0.05 FIL. */
export const defaultMostSpent: AttoFil = attoFil(5n * 10n ** 16n)

/** The longest an ordinary answer may take, and the longest body that is read. Unit: ms, bytes. */
const answerMs = 30_000
const longestAnswer = 64 * 1024 * 1024
/** A check may take this long and this many blocks. */
const checkMs = 60_000
const checkBlocks = 30

/**
 * Asks a lotus-speaking node whether it behaves as lotus does, one behaviour after the other. It only reads, unless it
 * is given a key. Every wait ends. Throws ChainError NODES_INVALID or NODE_DOWN when there is nobody to ask, and
 * CryptoError when the key is none.
 */
export async function* runCompliance(options: ComplianceOptions): AsyncGenerator<ComplianceOutcome> {
  const [nodes = ''] = options.nodes.split(',')
  const [node] = parseApiInfo(nodes)
  if (node === undefined) throw new ChainError('NODES_INVALID', { text: 'no chain node given' })
  const spender =
    options.key === undefined
      ? undefined
      : new Spender(importKey(options.key), options.mostSpent ?? defaultMostSpent)
  const limits = { timeoutMs: answerMs, maxResponseBytes: longestAnswer }
  const chain = new LotusChain({ nodes, ...limits, compareEveryMs: 3_600_000 })
  const rpc = new RpcNode(node, limits)
  const sockets: RawSocket[] = []
  try {
    const blockDelayMs = (await chain.version()).blockDelaySeconds * 1000
    const deadlineMs = checkMs + checkBlocks * blockDelayMs
    const end = performance.now() + (options.timeoutMs ?? 240_000 + 60 * blockDelayMs)
    const context: ComplianceContext = {
      chain,
      node,
      blockDelayMs,
      ask: (method, ...params) =>
        rpc.call(method, params, method === 'Filecoin.StateWaitMsg' ? deadlineMs : answerMs),
      post: (body, token = node.token ?? null) => post(node.httpUrl, body, token),
      async socket() {
        const socket = await RawSocket.open(node, answerMs)
        sockets.push(socket)
        return socket
      },
      ...(spender === undefined ? {} : { spender }),
    }
    const checks = [
      ...transportChecks,
      ...chainChecks,
      ...methodChecks(),
      ...shapeChecks,
      ...socketChecks,
      ...messageChecks(),
    ]
    for (const check of checks) {
      await options.started?.(check.name)
      yield await outcomeOf(check, context, Math.min(deadlineMs, end - performance.now()))
    }
  } finally {
    for (const socket of sockets) socket.close()
    rpc.close()
    await chain.close()
  }
}

async function outcomeOf(
  check: ComplianceCheck,
  context: ComplianceContext,
  withinMs: number,
): Promise<ComplianceOutcome> {
  const { name } = check
  const began = performance.now()
  const took = () => Math.round(performance.now() - began)
  if (withinMs <= 0) return { name, outcome: 'skipped', reason: 'the time was up', durationMs: 0 }
  let timer: NodeJS.Timeout | undefined
  try {
    await Promise.race([
      check.run(context),
      new Promise<never>((_resolve, reject) => {
        const seconds = Math.round(withinMs / 1000)
        timer = setTimeout(() => reject(new Error(`not done within ${seconds} s`)), withinMs)
      }),
    ])
    return { name, outcome: 'pass', durationMs: took() }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    return { name, outcome: cause instanceof Skipped ? 'skipped' : 'fail', reason, durationMs: took() }
  } finally {
    clearTimeout(timer)
  }
}

async function post(
  url: string,
  body: string,
  token: string | null,
): Promise<{ status: number; text: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(answerMs),
  })
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > longestAnswer) throw new Error(`the answer is longer than ${longestAnswer} bytes`)
    chunks.push(chunk)
  }
  return { status: response.status, text: Buffer.concat(chunks).toString('utf8') }
}
