import { randomUUID } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import {
  type Address,
  addBalanceParams,
  changeMultiaddrsParams,
  changePeerIdParams,
  marketActor,
  marketMethods,
  marketWithdrawBalanceParams,
  minerMethods,
  parseAddress,
} from '@sealane/actors'
import { ChainPort } from '@sealane/chain'
import { attoFil } from '@sealane/fil-units'
import { Health } from '@sealane/host'
import type { Failure, MessageRow, minerOperator, OperatorHandlers, ResultOf, Waiting } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { MinerDb } from '../database.js'
import { MinerInit } from '../init/miner-init.js'
import { multiaddrBytes, peerIdBytes } from '../init/reachability.js'
import type { MessageRequest } from '../messages/message-request.js'
import type { StoredMessage } from '../messages/message-store.js'
import { Messager } from '../messages/messager.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'
import { Network } from '../network/network.js'
import { PublicationStore } from '../publish/publication-store.js'
import { Publications } from '../publish/publications.js'
import { Funding } from '../wallet/funding.js'
import { Keystore, type NamedKey } from '../wallet/keystore.js'
import { Wallet } from '../wallet/wallet.js'
import { ProvingCheck, ProvingViews } from '../window-post/index.js'
import { messageRow } from './message-row.js'

type WalletRow = ResultOf<(typeof minerOperator)['wallet.new']>

const DEFAULT_ROWS = 200

/** The operator API: reads rows and chain, and asks the messager; keys are made here but never leave. */
@Injectable()
export class MinerOperator {
  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly network: Network,
    private readonly actor: MinerActor,
    private readonly keystore: Keystore,
    private readonly wallet: Wallet,
    private readonly minerInit: MinerInit,
    private readonly funding: Funding,
    private readonly messager: Messager,
    private readonly publications: PublicationStore,
    private readonly publishing: Publications,
    private readonly proving: ProvingViews,
    private readonly provingCheck: ProvingCheck,
    private readonly health: Health,
  ) {}

  handlers(): OperatorHandlers<typeof minerOperator> {
    return {
      health: async () => this.health.report(),
      status: async () => await this.#status(),
      'wallet.new': async ({ name, type }) => await this.#walletRow(await this.keystore.ensure(name, type)),
      'wallet.list': async () => await Promise.all(this.wallet.list().map((key) => this.#walletRow(key))),
      'wallet.fund': async ({ address, target }) => {
        const sent = await this.funding.raise(parseAddress(address), attoFil(BigInt(target)))
        return sent === undefined ? null : messageRow(sent)
      },
      'wallet.send': async ({ from, to, amount, requestId }) => {
        const wanted = { from, to: parseAddress(to), amount: attoFil(BigInt(amount)) }
        return messageRow(
          await this.funding.send(requestId === undefined ? wanted : { ...wanted, requestId }),
        )
      },
      init: async ({ sectorSize, peerId, multiaddrs }) => {
        return await this.minerInit.init({ sectorSize: BigInt(sectorSize), peerId, multiaddrs })
      },
      'actor.setAddrs': async ({ multiaddrs }) => {
        const params = changeMultiaddrsParams.encode({ newMultiaddrs: multiaddrBytes(multiaddrs) })
        return await this.#minerInfo(
          minerMethods.ChangeMultiaddrs,
          params,
          'set the addresses of our provider',
        )
      },
      'actor.setPeerId': async ({ peerId }) => {
        const params = changePeerIdParams.encode({ newId: peerIdBytes(peerId) })
        return await this.#minerInfo(minerMethods.ChangePeerID, params, 'set the peer id of our provider')
      },
      'actor.info': async () => await this.#actorInfo(),
      'market.balance': async () => {
        const { address } = await this.actor.require()
        const { escrow, locked } = await this.chain.marketBalance(address, this.watch.head?.key)
        return { escrow: escrow.toString(), locked: locked.toString() }
      },
      'market.add': async ({ amount, requestId }) => {
        const { address } = await this.actor.require()
        return await this.#send({
          requestId: requestId ?? `market-add-${randomUUID()}`,
          class: 'marketAdd',
          to: marketActor,
          value: attoFil(BigInt(amount)),
          method: marketMethods.AddBalance,
          params: addBalanceParams.encode(address),
          reason: 'market escrow, asked by the operator',
        })
      },
      'market.withdraw': async ({ amount, requestId }) => {
        const { address } = await this.actor.require()
        return await this.#send({
          requestId: requestId ?? `market-withdraw-${randomUUID()}`,
          class: 'marketWithdraw',
          to: marketActor,
          value: attoFil(0n),
          method: marketMethods.WithdrawBalance,
          params: marketWithdrawBalanceParams.encode({
            providerOrClientAddress: address,
            amount: attoFil(BigInt(amount)),
          }),
          reason: 'withdraw market escrow, asked by the operator',
        })
      },
      'messages.list': async ({ state, limit }) => await this.#messages(state, limit ?? DEFAULT_ROWS),
      'messages.get': async ({ id }) => await this.#message(id),
      'messages.replace': async ({ auto, feeLimit, gasPremium, gasFeeCap, gasLimit, ...which }) => {
        const { uuid } = await this.#stored(which)
        const replaced = await this.messager.replace(
          uuid,
          auto
            ? { auto, feeLimit: feeLimit === undefined ? undefined : attoFil(BigInt(feeLimit)) }
            : {
                gasPremium: atto('gasPremium', gasPremium),
                gasFeeCap: atto('gasFeeCap', gasFeeCap),
                gasLimit,
              },
        )
        return messageRow(replaced)
      },
      'publications.list': async () => await this.#publications(),
      'publications.publishNow': async () => {
        await this.publishing.publishNow()
        return await this.#publications()
      },
      'proving.info': async () => await this.proving.info(),
      'proving.deadlines': async () => await this.proving.deadlines(),
      'proving.partitions': async () => await this.proving.partitions(),
      'proving.faults': async () => await this.proving.faults(),
      'proving.check': async ({ deadline }) => await this.provingCheck.check(deadline),
    }
  }

  async #status(): Promise<ResultOf<(typeof minerOperator)['status']>> {
    const miner = await this.actor.find()
    const known = this.network.known
    const waits = (what: string, who: string): Waiting => ({
      for: what,
      who,
      sinceMs: null,
      untilEpoch: null,
    })
    return {
      miner: miner?.address ?? null,
      network: known?.name ?? '',
      headEpoch: this.watch.head?.height ?? null,
      waiting:
        known === undefined
          ? waits('the chain node to answer', 'chain')
          : miner === undefined
            ? waits(this.actor.waitingFor, 'operator')
            : null,
    }
  }

  async #walletRow(key: NamedKey): Promise<WalletRow> {
    const head = this.watch.head?.key
    const actor = await this.chain.getActor(key.address, head)
    const id = actor === undefined ? undefined : await this.chain.lookupId(key.address, head)
    return {
      name: key.name,
      type: key.type,
      address: key.address,
      id: id ?? null,
      balance: (actor?.balance ?? 0n).toString(),
      nonce: actor?.nonce ?? 0,
    }
  }

  async #actorInfo(): Promise<ResultOf<(typeof minerOperator)['actor.info']>> {
    const { address, sectorSize } = await this.actor.require()
    const head = this.watch.head?.key
    const [info, power, available, actor] = await Promise.all([
      this.chain.minerInfo(address, head),
      this.chain.minerPower(address, head),
      this.chain.availableBalance(address, head),
      this.chain.getActor(address, head),
    ])
    return {
      miner: address,
      owner: info.owner,
      worker: info.worker,
      controls: [...info.controlAddresses],
      balance: (actor?.balance ?? 0n).toString(),
      available: available.toString(),
      rawPower: power.minerPower.rawBytePower.toString(),
      qualityPower: power.minerPower.qualityAdjPower.toString(),
      networkRawPower: power.totalPower.rawBytePower.toString(),
      sectorSize: sectorSize.toString(),
    }
  }

  async #minerInfo(method: number, params: Uint8Array, reason: string): Promise<MessageRow> {
    const { address } = await this.actor.require()
    return await this.#send({
      requestId: `operator-${randomUUID()}`,
      class: 'minerInfo',
      to: address,
      value: attoFil(0n),
      method,
      params,
      reason,
    })
  }

  async #send(request: Omit<MessageRequest, 'from'>): Promise<MessageRow> {
    const from: Address = this.wallet.role('worker').address
    const row = await writing(this.db, (trx) => this.messager.request(trx, { ...request, from }))
    this.messager.nudge()
    return messageRow(row)
  }

  /** Newest last. */
  async #messages(state: string | undefined, limit: number): Promise<MessageRow[]> {
    let query = this.db
      .selectFrom('messages')
      .selectAll()
      .orderBy('created_ms', 'desc')
      .orderBy('uuid')
      .limit(limit)
    if (state !== undefined) query = query.where('state', '=', state as 'Pushed')
    return (await query.execute()).reverse().map(messageRow)
  }

  async #message(id: string): Promise<MessageRow> {
    return messageRow(await this.#stored({ id }))
  }

  /** By uuid, request id, any CID it ever had, or sender and nonce. */
  async #stored(which: { id?: string; from?: string; nonce?: number }): Promise<StoredMessage> {
    const { id = '', from, nonce } = which
    const bySender = from !== undefined && nonce !== undefined
    const signing = await this.db
      .selectFrom('signings')
      .select('uuid')
      .where((eb) =>
        bySender
          ? eb.and([eb('from_address', '=', parseAddress(from)), eb('nonce', '=', nonce)])
          : eb('cid', '=', id),
      )
      .executeTakeFirst()
    const row = await this.db
      .selectFrom('messages')
      .selectAll()
      .where((eb) => eb.or([eb('uuid', '=', signing?.uuid ?? id), eb('request_id', '=', id)]))
      .executeTakeFirst()
    if (row === undefined) {
      const reason = bySender
        ? `no message of ours has nonce ${nonce} of ${from}`
        : `no message of ours is called ${id}`
      throw new MinerError({ code: 'BAD_REQUEST', reason })
    }
    return row
  }

  async #publications(): Promise<ResultOf<(typeof minerOperator)['publications.list']>> {
    const rows = await this.publications.all(DEFAULT_ROWS)
    return rows.map((row) => ({
      requestId: row.request_id,
      proposalCid: row.proposal_cid,
      state: row.state,
      stateSinceMs: row.state_since_ms,
      waiting:
        row.why === null
          ? null
          : {
              for: row.why,
              who: row.state === 'Held' ? 'operator' : 'chain',
              sinceMs: row.state_since_ms,
              untilEpoch: row.start_epoch,
            },
      failure: row.failure === null ? null : (JSON.parse(row.failure) as Failure),
      messageCid: row.message_cid,
      dealId: row.deal_id,
    }))
  }
}

function atto(name: string, text: string | undefined) {
  if (text === undefined)
    throw new MinerError({ code: 'BAD_REQUEST', reason: `say ${name}, or let it be chosen: auto` })
  return attoFil(BigInt(text))
}
