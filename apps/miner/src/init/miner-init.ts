import { Injectable } from '@nestjs/common'
import {
  type Address,
  changeWorkerAddressParams,
  createMinerParams,
  createMinerReturn,
  formatAddress,
  idOf,
  minerMethods,
  parseAddress,
  powerActor,
  powerMethods,
  windowPostProofFor,
} from '@sealane/actors'
import { ChainPort, type TipSet } from '@sealane/chain'
import { attoFil } from '@sealane/fil-units'
import { Health, Log } from '@sealane/host'
import type { Waiting } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { z } from 'zod'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { RoomLoop } from '../loops/room-loop.js'
import { MessageStore, type StoredMessage } from '../messages/message-store.js'
import { Messager } from '../messages/messager.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'
import { Network } from '../network/network.js'
import { Settings } from '../network/settings.js'
import type { KeyRole } from '../policy/message-class.js'
import { messageLost } from '../sectors/message-lost.js'
import { Keystore } from '../wallet/keystore.js'
import { multiaddrBytes, peerIdBytes } from './reachability.js'

export class InitOptions {
  /** Our miner actor when it exists already (`miner.address`). */
  minerAddress: string | undefined = undefined
}

const wishSchema = z.object({
  sectorSize: z.string(),
  peerId: z.string(),
  multiaddrs: z.array(z.string()),
  /** Grows only after a message of the step before has failed for good: fixed request ids never make a second miner. */
  createAttempt: z.int(),
  controlAttempt: z.int(),
})
type Wish = z.infer<typeof wishSchema>

export interface InitState {
  readonly state: 'waiting' | 'done'
  readonly miner: string | null
  readonly robust: string | null
  readonly createMessageCid: string | null
  readonly controlMessageCid: string | null
  readonly waiting: Waiting | null
}

/** The keys a miner needs, made unless there: who owns it, who signs for it, and who sends its proofs. The worker must be BLS (the actor insists). */
const keys: readonly { role: KeyRole; type: 'bls' | 'secp256k1' }[] = [
  { role: 'owner', type: 'secp256k1' },
  { role: 'worker', type: 'bls' },
  { role: 'control-post', type: 'secp256k1' },
]

/**
 * Makes the miner actor: keys, then CreateMiner with its deposit, then the address that sends proofs as a control address.
 * Each message has a fixed request id, so that asking again, or a crash anywhere, goes on and never makes a second miner.
 */
@Injectable()
export class MinerInit {
  readonly #loop: RoomLoop
  #waiting: Waiting | null = null

  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly network: Network,
    private readonly settings: Settings,
    private readonly actor: MinerActor,
    private readonly keystore: Keystore,
    private readonly messages: MessageStore,
    private readonly messager: Messager,
    private readonly clock: Clock,
    private readonly log: Log,
    health: Health,
    private readonly options: InitOptions,
  ) {
    this.#loop = new RoomLoop({
      room: 'init',
      log,
      health: health.room('init'),
      everyMs: 1_000,
      round: () => this.round(),
    })
    this.watch.onHead(() => this.#loop.nudge())
  }

  start(): void {
    this.#loop.start()
  }
  stop(): Promise<void> {
    return this.#loop.stop()
  }

  /** Starts, or goes on with, making the miner. Throws MinerError MINER_EXISTS when this installation has a miner of another size. */
  async init(o: { sectorSize: bigint; peerId: string; multiaddrs: readonly string[] }): Promise<InitState> {
    peerIdBytes(o.peerId)
    multiaddrBytes(o.multiaddrs)
    const known = await this.actor.find()
    if (known !== undefined && known.sectorSize !== o.sectorSize) {
      throw new MinerError(
        { code: 'MINER_EXISTS', miner: known.address },
        `this installation has the miner ${known.address} with sectors of ${known.sectorSize} bytes: one state directory has one sector size`,
      )
    }
    const { policy } = this.network.require()
    if (!policy.sectorSizes.includes(o.sectorSize)) {
      throw new MinerError({
        code: 'BAD_REQUEST',
        reason: `sectors of ${o.sectorSize} bytes are not allowed on this network`,
      })
    }
    for (const { role, type } of keys)
      if (this.keystore.named(role) === undefined) await this.keystore.ensure(role, type)
    const worker = this.keystore.named('worker')
    if (worker?.type !== 'bls')
      throw new MinerError({
        code: 'BAD_REQUEST',
        reason: 'the worker key must be BLS: the miner actor takes no other',
      })
    const older = await this.#wish()
    if (older !== undefined && older.sectorSize !== o.sectorSize.toString()) {
      throw new MinerError({
        code: 'BAD_REQUEST',
        reason: `init is under way with sectors of ${older.sectorSize} bytes`,
      })
    }
    if (older === undefined && known === undefined) {
      const { peerId, multiaddrs } = o
      await this.#save({
        sectorSize: o.sectorSize.toString(),
        peerId,
        multiaddrs: [...multiaddrs],
        createAttempt: 1,
        controlAttempt: 1,
      })
    }
    this.#loop.nudge()
    return await this.state()
  }

  async state(): Promise<InitState> {
    const wish = await this.#wish()
    const miner = await this.actor.find()
    const robust = await this.settings.get('robust')
    const create = wish === undefined ? undefined : await this.messages.byRequestId(createId(wish))
    const control = wish === undefined ? undefined : await this.messages.byRequestId(controlId(wish))
    const done =
      miner !== undefined && (wish === undefined || control?.state === 'Confirmed' || this.#controlled)
    return {
      state: done ? 'done' : 'waiting',
      miner: miner?.address ?? null,
      robust: robust ?? null,
      createMessageCid: create?.cid ?? null,
      controlMessageCid: control?.cid ?? null,
      waiting: done ? null : this.#waiting,
    }
  }

  #controlled = false

  async round(): Promise<void> {
    const head = this.watch.head
    if (head === undefined) return
    await this.#adoptConfigured(head)
    const wish = await this.#wish()
    if (wish === undefined || this.#controlled) return
    const miner = await this.actor.find()
    if (miner === undefined) await this.#create(wish, head)
    else await this.#control(wish, miner.address, head)
  }

  /** The configuration names a miner that exists already. */
  async #adoptConfigured(head: TipSet): Promise<void> {
    const { minerAddress } = this.options
    if (minerAddress === undefined || (await this.actor.find()) !== undefined) return
    const address = parseAddress(minerAddress)
    const id = idOf(address) === undefined ? await this.chain.lookupId(address, head.key) : address
    if (id === undefined) return this.#wait(`the miner ${minerAddress} to appear on chain`, 'chain')
    const { sectorSize } = await this.chain.minerInfo(id, head.key)
    await this.actor.remember(id, sectorSize)
  }

  async #create(wish: Wish, head: TipSet): Promise<void> {
    for (const { role } of keys) {
      const key = this.keystore.named(role)
      if (key === undefined) throw new MinerError({ code: 'KEY_UNKNOWN', name: role })
      if ((await this.chain.lookupId(key.address, head.key)) !== undefined) continue
      return this.#wait(`${role} ${this.#printed(key.address)} to be funded and appear on chain`, 'operator')
    }
    const requestId = createId(wish)
    const message =
      (await this.messages.byRequestId(requestId)) ?? (await this.#askCreate(wish, requestId, head))
    const lost = messageLost(message)
    if (lost !== undefined) {
      this.log.error('CreateMiner failed, asked again', { ...lost })
      await this.#save({ ...wish, createAttempt: wish.createAttempt + 1 })
      return this.#wait(`CreateMiner to be sent again: ${lost.text}`, 'miner')
    }
    if (message.state !== 'Confirmed')
      return this.#wait(waitsFor('CreateMiner', message), message.state === 'Held' ? 'operator' : 'chain')
    const { idAddress, robustAddress } = createMinerReturn.decode(message.return_data ?? new Uint8Array())
    await this.actor.remember(idAddress, BigInt(wish.sectorSize), robustAddress)
    this.log.info('miner created', { miner: idAddress, robust: robustAddress, cid: message.cid })
    this.#loop.nudge()
  }

  async #askCreate(wish: Wish, requestId: string, head: TipSet): Promise<StoredMessage> {
    const deposit = await this.chain.creationDeposit(head.key)
    const owner = this.#key('owner')
    const params = createMinerParams.encode({
      owner,
      worker: this.#key('worker'),
      windowPostProofType: windowPostProofFor(BigInt(wish.sectorSize)),
      peer: peerIdBytes(wish.peerId),
      multiaddrs: multiaddrBytes(wish.multiaddrs),
    })
    const message = await writing(this.db, (trx) =>
      this.messager.request(trx, {
        requestId,
        class: 'createMiner',
        from: owner,
        to: powerActor,
        // The deposit moves with the network's power and reward: 10 % on top. What is not needed stays the miner's own balance.
        value: attoFil((deposit * 11n) / 10n),
        method: powerMethods.CreateMiner,
        params,
        reason: 'create our miner actor',
      }),
    )
    this.messager.nudge()
    return message
  }

  async #control(wish: Wish, miner: Address, head: TipSet): Promise<void> {
    const control = this.#key('control-post')
    const controlIdAddress = await this.chain.lookupId(control, head.key)
    const info = await this.chain.minerInfo(miner, head.key)
    const requestId = controlId(wish)
    const asked = await this.messages.byRequestId(requestId)
    if (
      asked === undefined &&
      controlIdAddress !== undefined &&
      info.controlAddresses.includes(controlIdAddress)
    ) {
      this.#finished()
      return
    }
    const message = asked ?? (await this.#askControl(requestId, miner, control))
    const lost = messageLost(message)
    if (lost !== undefined) {
      this.log.error('adding the control address failed, asked again', { ...lost })
      await this.#save({ ...wish, controlAttempt: wish.controlAttempt + 1 })
      return this.#wait(`the control address to be added again: ${lost.text}`, 'miner')
    }
    if (message.state !== 'Confirmed')
      return this.#wait(
        waitsFor('ChangeWorkerAddress (control address)', message),
        message.state === 'Held' ? 'operator' : 'chain',
      )
    this.#finished()
  }

  async #askControl(requestId: string, miner: Address, control: Address): Promise<StoredMessage> {
    const params = changeWorkerAddressParams.encode({
      newWorker: this.#key('worker'),
      newControlAddrs: [control],
    })
    const message = await writing(this.db, (trx) =>
      this.messager.request(trx, {
        requestId,
        class: 'control',
        from: this.#key('owner'),
        to: miner,
        value: attoFil(0n),
        method: minerMethods.ChangeWorkerAddress,
        params,
        reason: 'send proofs from an address of their own',
      }),
    )
    this.messager.nudge()
    return message
  }

  #finished(): void {
    this.#controlled = true
    this.#waiting = null
  }

  #wait(what: string, who: string): void {
    if (this.#waiting?.for !== what) this.log.info(`init: waiting for ${what}`)
    const sinceMs = this.#waiting?.for === what ? this.#waiting.sinceMs : this.clock.now()
    this.#waiting = { for: what, who, sinceMs, untilEpoch: null }
    this.actor.waitFor(what)
  }

  #key(role: KeyRole): Address {
    const key = this.keystore.named(role)
    if (key === undefined) throw new MinerError({ code: 'KEY_UNKNOWN', name: role })
    return key.address
  }

  #printed(address: Address): string {
    return formatAddress(address, this.network.known?.policy.addressPrefix ?? 'f')
  }

  async #wish(): Promise<Wish | undefined> {
    const text = await this.settings.get('init')
    return text === undefined ? undefined : wishSchema.parse(JSON.parse(text))
  }

  async #save(wish: Wish): Promise<void> {
    await this.settings.set(this.db, 'init', JSON.stringify(wish))
  }
}

function createId(wish: Wish): string {
  return wish.createAttempt === 1 ? 'init-create-miner' : `init-create-miner-${wish.createAttempt}`
}

function controlId(wish: Wish): string {
  return wish.controlAttempt === 1 ? 'init-control-address' : `init-control-address-${wish.controlAttempt}`
}

function waitsFor(what: string, message: StoredMessage): string {
  if (message.why !== null) return `${what}: ${message.why}`
  if (message.state === 'Included') return `${what} ${message.cid} to be five epochs deep`
  return message.cid === null ? `${what} to be sent` : `${what} ${message.cid} to be packed into a block`
}
