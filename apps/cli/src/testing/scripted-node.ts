import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

type Script = Readonly<Record<string, unknown | ((...params: never[]) => unknown)>>

/** A chain node that answers JSON-RPC by a script: results by method name without `Filecoin.`; a thrown Error is its error text. */
export async function scriptedNode(script: Script): Promise<{ FULLNODE_API_INFO: string }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString()) as {
        id: number
        method: string
        params: never[]
      }
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer(script, method, params) }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { FULLNODE_API_INFO: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

function answer(script: Script, method: string, params: never[]): object {
  const name = method.replace(/^Filecoin\./, '')
  if (!Object.hasOwn(script, name))
    return { error: { code: -32601, message: `method '${method}' not found` } }
  const found = script[name]
  try {
    return {
      result: typeof found === 'function' ? (found as (...given: never[]) => unknown)(...params) : found,
    }
  } catch (error) {
    return { error: { code: 1, message: error instanceof Error ? error.message : String(error) } }
  }
}

/** What every command asks first, as the recorded chain had it. */
export const recordedNetwork: Script = {
  StateNetworkName: 'localnet-2k',
  StateNetworkVersion: 28,
  StateGetNetworkParams: {
    NetworkName: 'localnet-2k',
    BlockDelaySecs: 1,
    ConsensusMinerMinPower: '2048',
    PreCommitChallengeDelay: 10,
    GenesisTimestamp: 1795353793,
  },
  Version: { Version: 'v1.36.2-dev+2k', APIVersion: 0x020300, BlockDelay: 1, Agent: 'lotus' },
}

/** A tipset of one block in lotus' JSON. */
export function tipSetJson(o: {
  height: number
  cid: string
  parent: string
  timestamp: number
  miner?: string
}): object {
  const cid = (text: string) => ({ '/': text })
  const some = 'bafy2bzacedrkfwgbrt2p5r5c2ram2oplj3y5zsghy53aiy5enafbvr5svr7qi'
  const block = {
    Miner: o.miner ?? 't01000',
    Ticket: null,
    ElectionProof: null,
    BeaconEntries: null,
    WinPoStProof: null,
    Parents: [cid(o.parent)],
    ParentWeight: '1',
    Height: o.height,
    ParentStateRoot: cid(some),
    ParentMessageReceipts: cid(some),
    Messages: cid(some),
    BLSAggregate: null,
    Timestamp: o.timestamp,
    BlockSig: null,
    ForkSignaling: 0,
    ParentBaseFee: '100',
  }
  return { Cids: [cid(o.cid)], Blocks: [block], Height: o.height }
}
