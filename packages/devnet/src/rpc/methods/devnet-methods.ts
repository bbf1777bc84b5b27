import { type Json, shapes } from '@sealane/chain'
import type { ClockDecision } from '../../clock/next-tick.js'
import { fund, fundTo } from '../../node/faucet.js'
import { networkVersion, sectorSizes, shown, simplifications } from '../../node/network.js'
import { query } from '../../vm/index.js'
import type { Api } from '../api.js'
import { type Method, method } from '../method.js'
import { params } from '../param.js'

/** What only this devnet answers, to its operator. No app calls these. */
export function devnetMethods({ node, producer, heads, agent }: Api): Record<string, Method> {
  return {
    'Devnet.Info': method('read', [], async () => {
      const { genesis, head } = node
      const faucet = query.actor(await node.latest(), node.faucet)
      const { settings, clock, decision } = producer
      return {
        Agent: agent,
        NetworkName: genesis.networkName,
        NetworkVersion: networkVersion,
        KeySetDigest: genesis.keySetDigest,
        GenesisTimestamp: genesis.genesisTimestamp,
        BlockDelaySecs: genesis.blockDelaySeconds,
        SectorSizes: sectorSizes.map(Number),
        Head: { Height: head.header.height, Cid: shapes.cid.write(head.cid, 't') },
        BaseFee: (await node.parent()).nextBaseFee.toString(),
        Pool: node.pool.size,
        Followers: { Count: heads.count, Behind: heads.behind },
        Faucet: { Address: shown(node.faucet), Balance: (faucet?.balance ?? 0n).toString() },
        Clock: {
          Mode: settings.mode,
          BlockDelayMs: settings.blockDelayMs,
          HoldLimitMs: settings.holdLimitMs,
          ...decisionJson(decision),
          Advance:
            clock.advance === undefined
              ? null
              : { Remaining: clock.advance.remaining, Force: clock.advance.force },
        },
        Simplified: [...simplifications],
      }
    }),
    'Devnet.Holds': method('read', [], () => ({
      ...decisionJson(producer.decision),
      UsedMs: { ...producer.clock.held },
      LimitMs: producer.settings.holdLimitMs,
    })),
    'Devnet.Advance': method('admin', [params.uint, params.flag], (epochs, force) =>
      producer.advance(epochs, force),
    ),
    'Devnet.NullRounds': method('admin', [params.uint], async (rounds) => {
      await producer.nullRounds(rounds)
      return node.head.header.height
    }),
    'Devnet.Reorg': method('admin', [params.uint, params.flag], async (depth, withhold) => {
      await producer.reorg(depth, withhold)
      return node.head.header.height
    }),
    'Devnet.Fund': method('admin', [params.address, params.bigInt], async (address, amount) =>
      shapes.cid.write(await fund(node, address, amount), 't'),
    ),
    'Devnet.FundTo': method('admin', [params.address, params.bigInt], async (address, target) => {
      const cid = await fundTo(node, address, target)
      return cid === undefined ? null : shapes.cid.write(cid, 't')
    }),
  }
}

function decisionJson(decision: ClockDecision | undefined): { [key: string]: Json } {
  return {
    Action: decision?.action ?? 'wait',
    Reason: decision?.reason ?? 'tick',
    WaitingFor: (decision?.waitingFor ?? []).map((one) => ({
      Miner: one.miner,
      Deadline: one.deadline,
      Partitions: [...one.partitions],
      Close: one.close,
      UsedMs: one.usedMs,
      LimitMs: one.limitMs,
    })),
  }
}
