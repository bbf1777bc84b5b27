import { type Message, messageCid } from '@sealane/actors'
import { type Json, shapes } from '@sealane/chain'
import { LedgerError } from '../../ledger/ledger-error.js'
import { codeName, keyAddressIn, unresolvable } from '../../node/devnet-node.js'
import { networkVersion, shown } from '../../node/network.js'
import { blockContext } from '../../producer/build-block.js'
import { traceJson } from '../../producer/trace-json.js'
import { type Applied, callMessage, query } from '../../vm/index.js'
import type { Api } from '../api.js'
import { type Method, method } from '../method.js'
import { minerStateJson } from '../miner-state-json.js'
import { params } from '../param.js'
import { rpcCode } from '../rpc-failure.js'
import { stateAt } from '../state-reader.js'

/** What StateCall prints for a gas limit: none. Source: filecoin-project/lotus (math.MaxInt64 / 2). */
const unlimitedGas = 4_611_686_018_427_387_903n

export function stateMethods({ node }: Api): Record<string, Method> {
  async function invocation(message: Message, applied: Applied, nonce: number): Promise<Json> {
    const called = { ...message, nonce }
    return {
      MsgCid: shapes.cid.write(messageCid(message), 't'),
      Msg: { ...(shapes.message.write(called, 't') as { [key: string]: Json }), GasLimit: unlimitedGas },
      MsgRct: receiptJson(applied),
      GasCost: shapes.gasCost.write({ ...noCost, message: undefined }, 't'),
      ExecutionTrace: traceJson(applied.trace) as unknown as Json,
      Error: applied.error,
      Duration: 1,
    }
  }

  return {
    'Filecoin.StateGetActor': method('read', [params.address, params.tipSetKey], async (address, key) => {
      const { state } = await stateAt(node, key)
      const actor = query.actor(state, address)
      if (actor === undefined) throw shown(address).startsWith('t0') ? notFound() : unresolvable(address)
      return shapes.actorState.write({ ...actor, delegatedAddress: undefined }, 't')
    }),
    'Filecoin.StateLookupID': method('read', [params.address, params.tipSetKey], async (address, key) => {
      const { state } = await stateAt(node, key)
      const id = query.lookupId(state, address)
      if (id === undefined) throw notFound(rpcCode.actorNotFound)
      return shown(id)
    }),
    'Filecoin.StateAccountKey': method('read', [params.address, params.tipSetKey], async (address, key) => {
      const { state } = await stateAt(node, key)
      return shown(keyAddressIn(state, address))
    }),
    'Filecoin.StateLookupRobustAddress': method(
      'read',
      [params.address, params.tipSetKey],
      async (address, key) => {
        const { state } = await stateAt(node, key)
        const robust = query.robustAddress(state, address)
        if (robust === undefined)
          throw new LedgerError(`failed to find robust address for ${shown(address)}: actor not found`)
        return shown(robust)
      },
    ),
    'Filecoin.StateActorCodeCIDs': method('read', [params.networkVersion], (version) => {
      if (version !== networkVersion) {
        throw new LedgerError(`invalid network version ${version}: unsupported network version ${version}`)
      }
      const kinds = [
        'account',
        'cron',
        'datacap',
        'init',
        'miner',
        'market',
        'power',
        'reward',
        'system',
        'verifreg',
      ] as const
      return Object.fromEntries(
        kinds
          .map((kind) => [codeName(kind), shapes.cid.write(query.codeOf(kind), 't')] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      )
    }),
    'Filecoin.StateReadState': method('read', [params.address, params.tipSetKey], async (address, key) => {
      const { state } = await stateAt(node, key)
      const actor = query.actor(state, address)
      if (actor === undefined) throw unresolvable(address)
      if (actor.kind !== 'account' && actor.kind !== 'miner') {
        throw new LedgerError(`the state of a ${codeName(actor.kind)} actor is not available on simnet`)
      }
      const miner = query.minerState(state, address)
      return {
        Balance: actor.balance.toString(),
        Code: shapes.cid.write(actor.code, 't'),
        State: miner === undefined ? { Address: shown(keyAddressIn(state, address)) } : minerStateJson(miner),
      }
    }),
    'Filecoin.StateListMiners': method('read', [params.tipSetKey], async (key) =>
      query.miners((await stateAt(node, key)).state).map(shown),
    ),
    'Filecoin.StateListActors': method('read', [params.tipSetKey], async (key) =>
      query.actors((await stateAt(node, key)).state).map(shown),
    ),

    'Filecoin.StateCall': method('read', [params.message, params.tipSetKey], async (message, key) => {
      const { block, state, epoch } = await stateAt(node, key)
      const sender = query.actor(state, message.from)
      if (sender === undefined) {
        throw new LedgerError(`sender ${shown(message.from)} not found on chain: sender validation failed`)
      }
      const context = blockContext(node.chain(), epoch, block.header.parentBaseFee)
      return await invocation(message, await callMessage(state, context, message), sender.nonce)
    }),
  }
}

const zero = 0n as ReturnType<typeof shapes.money.read>
const noCost = {
  gasUsed: 0n,
  baseFeeBurn: zero,
  overEstimationBurn: zero,
  minerPenalty: zero,
  minerTip: zero,
  refund: zero,
  totalCost: zero,
}

function notFound(code?: number): LedgerError {
  return new LedgerError('actor not found', code)
}

function receiptJson({ receipt }: Applied): Json {
  return shapes.receipt.write(
    { exitCode: receipt.exitCode, return: receipt.return, gasUsed: receipt.gasUsed },
    't',
  )
}
