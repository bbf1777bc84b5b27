import { dagCborCid, keyAddress } from '@sealane/actors'
import { epoch } from '@sealane/fil-units'
import type { ChainPort } from '../chain-port.js'
import type { Json } from '../rpc/json.js'
import type { TipSet } from '../wire/tip-set.js'
import type { ComplianceCheck } from './compliance-check.js'
import { holds, matches, refuses, Skipped, same, sameJson } from './expect.js'

/** How far back an empty tipset or a null round is looked for. Unit: epochs. */
const searchBack = 40

const strangerKey = keyAddress('secp256k1', new Uint8Array(65).fill(4))
const noObject: Json = { '/': dagCborCid(new TextEncoder().encode('nothing has this CID')) }

const link = (tipSet: TipSet): Json => tipSet.key.map((cid) => ({ '/': cid }))
const firstBlock = (tipSet: TipSet): Json => ({ '/': tipSet.key[0] ?? '' })

/** The newest tipset for which `look` holds, with its child. */
async function findBack(
  chain: ChainPort,
  look: (tipSet: TipSet, child: TipSet) => Promise<boolean>,
): Promise<{ found: TipSet; child: TipSet } | undefined> {
  let child = await chain.head()
  for (let back = 0; back < searchBack && child.height > 0; back++) {
    const parent = await chain.tipSet(child.blocks[0]?.parents ?? [])
    if (await look(parent, child)) return { found: parent, child }
    child = parent
  }
  return undefined
}

/** Habits of lotus' JSON that a client may rely on. Read-only. Source: exchanges recorded from lotus v1.36. */
export const shapeChecks: readonly ComplianceCheck[] = [
  {
    name: 'shapes: a tipset without messages has null for messages and [] for receipts',
    async run({ chain, ask }) {
      const empty = await findBack(
        chain,
        async (tipSet) => (await ask('Filecoin.ChainGetMessagesInTipset', link(tipSet))) === null,
      )
      if (empty === undefined) throw new Skipped(`none of the last ${searchBack} tipsets is empty`)
      const { found, child } = empty
      sameJson(
        await ask('Filecoin.ChainGetParentMessages', firstBlock(child)),
        null,
        'ChainGetParentMessages',
      )
      sameJson(await ask('Filecoin.ChainGetParentReceipts', firstBlock(child)), [], 'ChainGetParentReceipts')
      const { BlsMessages, SecpkMessages, Cids } = (await ask(
        'Filecoin.ChainGetBlockMessages',
        firstBlock(found),
      )) as {
        readonly [key: string]: Json
      }
      sameJson(
        [BlsMessages ?? null, SecpkMessages ?? null, Cids ?? null],
        [[], [], []],
        'ChainGetBlockMessages',
      )
    },
  },
  {
    name: 'shapes: a null round is answered with the tipset before it, or after it, as asked',
    async run({ chain }) {
      const gap = await findBack(chain, async (tipSet, child) => child.height > tipSet.height + 1)
      if (gap === undefined) throw new Skipped(`no null round in the last ${searchBack} tipsets`)
      const { found, child } = gap
      const round = epoch(found.height + 1)
      same((await chain.tipSetByHeight(round)).height, found.height, 'ChainGetTipSetByHeight')
      same((await chain.tipSetAfterHeight(round)).height, child.height, 'ChainGetTipSetAfterHeight')
    },
  },
  {
    name: 'shapes: [] and null mean the head to State methods, and are refused by ChainGetTipSet',
    async run({ ask }) {
      const [empty, none] = [
        await ask('Filecoin.StateNetworkVersion', []),
        await ask('Filecoin.StateNetworkVersion', null),
      ]
      same(empty, none, 'network version at the head')
      for (const key of [[], null]) {
        const { text } = await refuses(() => ask('Filecoin.ChainGetTipSet', key))
        matches(text, /^NewTipSet called with zero length array of blocks$/, 'text')
      }
    },
  },
  {
    name: 'shapes: what is not there is null where lotus answers null, and an error where it errs',
    async run({ chain, ask }) {
      const head = link(await chain.head())
      const [miner] = await chain.listMiners()
      if (miner === undefined) throw new Skipped('the network has no miner')
      for (const method of ['StateSectorGetInfo', 'StateSectorPreCommitInfo'])
        sameJson(await ask(`Filecoin.${method}`, miner, 2 ** 40, head), null, method)
      const unknown = await refuses(() => ask('Filecoin.StateLookupID', strangerKey, []))
      same(unknown.rpcCode, 11, 'code of StateLookupID')
      const actor = await refuses(() => ask('Filecoin.StateGetActor', strangerKey, []))
      same(actor.rpcCode, 1, 'code of StateGetActor')
      matches(
        actor.text,
        /^resolution lookup failed \(.*\): resolve address .*: actor not found$/,
        'text of StateGetActor',
      )
      const object = await refuses(() => ask('Filecoin.ChainReadObj', noObject))
      matches(object.text, /^blockstore get: ipld: could not find /, 'text of ChainReadObj')
      const deal = await refuses(() => ask('Filecoin.StateMarketStorageDeal', 2 ** 40, []))
      matches(deal.text, /^deal \d+ not found/, 'text of StateMarketStorageDeal')
      const search = await ask('Filecoin.StateSearchMsg', head, noObject, 10, true).catch(() => null)
      sameJson(search, null, 'StateSearchMsg')
    },
  },
  {
    name: "shapes: a miner's undefined worker, bit fields as run lengths, zero power of who is no miner",
    async run({ chain, ask }) {
      const [miner] = await chain.listMiners()
      if (miner === undefined) throw new Skipped('the network has no miner')
      const info = (await ask('Filecoin.StateMinerInfo', miner, [])) as { readonly [key: string]: Json }
      matches(String(info.NewWorker), /^(<empty>|[ft]0\d+)$/, 'NewWorker')
      holds(
        info.PendingOwnerAddress === null || typeof info.PendingOwnerAddress === 'string',
        'PendingOwnerAddress',
      )
      const faults = await ask('Filecoin.StateMinerFaults', miner, [])
      holds(
        Array.isArray(faults) && faults.length > 0 && faults.every((run) => typeof run === 'number'),
        'a bit field is a list of run lengths, [0] when empty',
      )
      const { MinerPower } = (await ask('Filecoin.StateMinerPower', 't01', [])) as {
        readonly MinerPower: Json
      }
      sameJson(MinerPower, { RawBytePower: '0', QualityAdjPower: '0' }, 'power of f01')
    },
  },
  {
    name: 'shapes: money is a decimal string, and a gas limit beyond 2^53 keeps its digits',
    async run({ chain, ask }) {
      const { filCirculating } = await chain.circulatingSupply()
      holds(filCirculating > 0n, 'a circulating supply')
      const [miner] = await chain.listMiners()
      if (miner === undefined) throw new Skipped('the network has no miner')
      const { worker } = await chain.minerInfo(miner)
      const message = { Version: 0, To: miner, From: worker, Nonce: 0, Value: '0', GasLimit: 0 }
      const call = await ask(
        'Filecoin.StateCall',
        { ...message, GasFeeCap: '0', GasPremium: '0', Method: 2, Params: null },
        [],
      )
      const { Msg, MsgRct } = call as unknown as {
        readonly Msg: { readonly GasLimit: Json }
        readonly MsgRct: { readonly ExitCode: Json }
      }
      same(MsgRct.ExitCode, 0, 'exit code of ControlAddresses')
      holds(typeof Msg.GasLimit === 'bigint' || typeof Msg.GasLimit === 'number', 'a gas limit')
    },
  },
]
