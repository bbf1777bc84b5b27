import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { type Address, decodeSignedMessage, marketActor, signedMessageCid } from '@sealane/actors'
import { ChainError } from '@sealane/chain'
import { attoFil } from '@sealane/fil-units'
import { writing } from '@sealane/sql'
import { temporaryDirectory } from '@sealane/testkit'
import { beforeEach, describe, expect, it } from 'vitest'
import { capsOf, HandClock, openMessager } from '../testing/miner-fixture.js'
import { ScriptedChain } from '../testing/scripted-chain.js'
import { MessagePricing } from './message-pricing.js'
import type { MessageRequest } from './message-request.js'

const FIL = 10n ** 18n
const root = temporaryDirectory()

type Rig = Awaited<ReturnType<typeof openMessager>>

describe('the messager', () => {
  let chain: ScriptedChain
  let rig: Rig
  let directory: string
  let from: Address
  let count: number

  beforeEach(async () => {
    directory = mkdtempSync(join(root, 'm-'))
    chain = new ScriptedChain()
    await open()
    from = (await rig.keystore.ensure('worker', 'secp256k1')).address
    chain.balances.set(from, 100n * FIL)
    count = 0
  })

  async function open(o: Parameters<typeof openMessager>[2] = {}) {
    const clock = rig?.clock ?? new HandClock()
    rig = await openMessager(directory, chain.port(), { clock, ...o })
    await rig.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
  }
  async function ask(changes: Partial<MessageRequest> = {}) {
    count += 1
    const request: MessageRequest = {
      requestId: `add-${count}`,
      class: 'marketAdd',
      from,
      to: marketActor,
      value: attoFil(FIL),
      method: 2,
      params: new Uint8Array([count]),
      reason: 'test',
      ...changes,
    }
    return await writing(rig.db, (trx) => rig.messager.request(trx, request))
  }
  /** Epochs pass, the messager looks after each. */
  async function epochs(n: number, o: { empty?: boolean; seconds?: number } = {}) {
    for (let at = 0; at < n; at++) {
      rig.clock.ms += (o.seconds ?? 1) * 1000
      await rig.watch.take(chain.advance(1, o))
      await rig.messager.round()
    }
  }
  const states = async () =>
    (
      await rig.db
        .selectFrom('messages')
        .select('state')
        .orderBy('created_ms')
        .orderBy('request_id')
        .execute()
    ).map((row) => row.state)
  const message = async (id: string) => {
    const row = await rig.store.byRequestId(id)
    if (row === undefined) throw new Error(`no message ${id}`)
    return row
  }
  /** Nonces whose stored contents do not form one chain of declared replacements. */
  async function signedTwice() {
    const rows = await rig.db.selectFrom('signings').selectAll().execute()
    for (const row of rows) expect(signedMessageCid(decodeSignedMessage(row.signed))).toBe(row.cid)
    const firsts = rows
      .filter((row) => row.replaces === null)
      .map((row) => `${row.from_address}/${row.nonce}`)
    return firsts.filter((nonce, at) => firsts.indexOf(nonce) !== at)
  }

  it('sends a message once however often it is asked for, and believes it at five epochs', async () => {
    const first = await ask({ requestId: 'same', params: new Uint8Array([1]) })
    const second = await ask({ requestId: 'same', params: new Uint8Array([1]) })
    expect(second.uuid).toBe(first.uuid)
    await rig.messager.round()
    expect(await states()).toEqual(['Pushed'])
    await epochs(2)
    expect(await states()).toEqual(['Included'])
    await epochs(4)
    expect(await states()).toEqual(['Included'])
    await epochs(1)
    expect(await message('same')).toMatchObject({
      state: 'Confirmed',
      settled: 1,
      exit_code: 0,
      included_epoch: 1,
      executed_epoch: 2,
    })
    expect(chain.pushed).toHaveLength(1)
  })

  it('refuses a request id that comes back with other content', async () => {
    await ask({ requestId: 'same', params: new Uint8Array([1]) })
    await expect(ask({ requestId: 'same', params: new Uint8Array([2]) })).rejects.toMatchObject({
      code: 'REQUEST_REUSED',
    })
  })

  it('signs nothing that policy does not name: wrong method, wrong receiver, too much value', async () => {
    await expect(ask({ method: 0 })).rejects.toMatchObject({ code: 'POLICY' })
    await expect(ask({ to: from })).rejects.toMatchObject({ code: 'POLICY' })
    await expect(ask({ value: attoFil(101n * FIL) })).rejects.toMatchObject({ code: 'OVER_CAP' })
    expect(await rig.db.selectFrom('signatures').selectAll().execute()).toEqual([])
  })

  it('logs each signature with its reason', async () => {
    await ask({ reason: 'escrow for two deals' })
    await rig.messager.round()
    const [row] = await rig.db.selectFrom('signatures').selectAll().execute()
    expect(row).toMatchObject({
      address: from,
      kind: 'message',
      request_id: 'add-1',
      reason: 'escrow for two deals',
    })
  })

  it('pushes the same bytes again after a failed push, and never loses the nonce', async () => {
    chain.failPushes = [
      new ChainError('TIMEOUT', {}),
      new ChainError('NODE_DOWN', {}),
      new ChainError('RPC', { text: 'gossip failed' }),
    ]
    await ask()
    await rig.messager.round()
    const before = await message('add-1')
    expect(before).toMatchObject({ state: 'Signed', nonce: 0 })
    expect(before.why).toMatch(/push failed/)
    await epochs(6, { seconds: 2 })
    const after = await message('add-1')
    expect(after.cid).toBe(before.cid)
    expect(after.state).toBe('Included')
    expect(await signedTwice()).toEqual([])
  })

  it('says the word operators alert on when a push fails', async () => {
    const lines: string[] = []
    rig.log.error = (text) => lines.push(text)
    chain.failPushes = [new ChainError('NODE_DOWN', {})]
    await ask()
    await rig.messager.round()
    expect(lines.some((line) => line.includes('messager'))).toBe(true)
  })

  it('goes on with the same bytes after a restart between sign and push', async () => {
    chain.beforePush = () => {
      throw new Error('process dies here')
    }
    await ask()
    await rig.messager.round()
    const { cid } = await message('add-1')
    await rig.db.destroy()
    chain.beforePush = () => {}
    await open()
    rig.clock.ms += 60_000
    await rig.messager.round()
    expect(chain.pushed.map(signedMessageCid)).toEqual([cid])
    expect(await signedTwice()).toEqual([])
  })

  it('re-pushes what a reorg took off the chain, the same bytes, and confirms it again', async () => {
    await ask()
    await rig.messager.round()
    await epochs(2)
    expect(await states()).toEqual(['Included'])
    const { cid } = await message('add-1')
    chain.pool.clear()
    const step = chain.reorg(2)
    chain.pool.clear() // the node forgot it, too
    await rig.watch.take(step)
    expect(await message('add-1')).toMatchObject({ state: 'Pushed', exit_code: null })
    await rig.messager.round()
    await epochs(8)
    expect(await message('add-1')).toMatchObject({ state: 'Confirmed', cid })
    expect(await signedTwice()).toEqual([])
  })

  it('fills a gap from the database when the pool forgets a message', async () => {
    await ask()
    await ask()
    await ask()
    await rig.messager.round()
    const forgotten = [...chain.pool.keys()][1] ?? ''
    chain.pool.delete(forgotten)
    await rig.messager.round()
    await epochs(1)
    expect(chain.pool.size).toBeLessThan(3)
    await epochs(12, { seconds: 3 })
    expect(await states()).toEqual(['Confirmed', 'Confirmed', 'Confirmed'])
    expect(await signedTwice()).toEqual([])
  })

  it('takes the highest nonce of chain, pools and database', async () => {
    chain.startNonces.set(from, 41)
    await ask()
    await rig.messager.round()
    expect((await message('add-1')).nonce).toBe(41)
  })

  it('signs nothing at a nonce that no honest node can tell, and goes on when it is gone', async () => {
    chain.liedNonces.set(from, 1_000_000_007)
    await ask()
    await rig.messager.round()
    const waiting = await message('add-1')
    expect(waiting).toMatchObject({ state: 'Planned', nonce: null })
    expect(waiting.why).toContain('cannot be: the pool')
    chain.liedNonces.clear()
    await epochs(3)
    expect((await message('add-1')).nonce).toBe(0)
  })

  it('replaces a stuck message by fee: premium ×1.25 + 1, same nonce, declared', async () => {
    await ask()
    await rig.messager.round()
    const old = await message('add-1')
    chain.baseFee = 10n ** 12n
    await epochs(9, { seconds: 30 })
    expect((await message('add-1')).cid).toBe(old.cid)
    chain.baseFee = 10n ** 6n
    chain.premium = 1n
    await epochs(1, { seconds: 30, empty: true })
    const replaced = await message('add-1')
    expect(replaced.cid).not.toBe(old.cid)
    expect(replaced.nonce).toBe(old.nonce)
    expect(BigInt(replaced.gas_premium ?? 0)).toBe(125_001n)
    expect(await signedTwice()).toEqual([])
    await epochs(8)
    expect((await message('add-1')).state).toBe('Confirmed')
  })

  describe('told by the operator to replace by fee', () => {
    const wait = () => epochs(1, { empty: true, seconds: 1 })

    it('raises the premium 1.25 × + 1, keeps the nonce, and the same bytes win', async () => {
      await ask()
      await rig.messager.round()
      const old = await message('add-1')
      await wait()
      const row = await rig.messager.replace(old.uuid, { auto: true })
      expect(row.cid).not.toBe(old.cid)
      expect(row.nonce).toBe(old.nonce)
      expect(BigInt(row.gas_premium ?? 0)).toBe((BigInt(old.gas_premium ?? 0) * 125n) / 100n + 1n)
      expect(await signedTwice()).toEqual([])
      await epochs(8)
      expect(await message('add-1')).toMatchObject({ state: 'Confirmed', cid: row.cid })
    })

    it('takes named fees, and refuses those that pools would', async () => {
      await ask()
      await rig.messager.round()
      const old = await message('add-1')
      const premium = BigInt(old.gas_premium ?? 0)
      const named = (gasPremium: bigint, gasFeeCap: bigint) =>
        rig.messager.replace(old.uuid, { gasPremium: attoFil(gasPremium), gasFeeCap: attoFil(gasFeeCap) })
      const least = (premium * 110n) / 100n + 1n
      await expect(named(least - 1n, 10n ** 6n)).rejects.toThrow(
        `increase GasPremium to ${least} from ${least - 1n}: replace by fee has too low GasPremium`,
      )
      await expect(named(least, least - 1n)).rejects.toThrow(/is below the premium/)
      expect((await message('add-1')).cid).toBe(old.cid)
      expect((await named(least, 10n ** 6n)).gas_premium).toBe(String(least))
    })

    it('refuses what is over the fee limit, and replaces only the lowest nonce', async () => {
      await ask()
      // Later, so that its nonce is the higher one.
      rig.clock.ms += 1
      await ask()
      await rig.messager.round()
      const [lowest, next] = [await message('add-1'), await message('add-2')]
      await expect(rig.messager.replace(lowest.uuid, { auto: true, feeLimit: attoFil(1n) })).rejects.toThrow(
        /over the fee limit of 0.000000000000000001 FIL/,
      )
      await expect(rig.messager.replace(next.uuid, { auto: true })).rejects.toThrow(
        `nonce ${lowest.nonce} of ${from} waits below nonce ${next.nonce}`,
      )
      await epochs(8)
      await expect(rig.messager.replace(lowest.uuid, { auto: true })).rejects.toThrow(
        /the message is Confirmed/,
      )
    })
  })

  it('accepts the original as the winner of a race with its replacement', async () => {
    await ask()
    await rig.messager.round()
    const old = await message('add-1')
    const [original] = chain.pushed
    await epochs(10, { empty: true, seconds: 30 })
    const replaced = await message('add-1')
    expect(replaced.cid).not.toBe(old.cid)
    if (original !== undefined) chain.inject(original)
    await epochs(8)
    expect(await message('add-1')).toMatchObject({ state: 'Confirmed', cid: old.cid })
  })

  it('never replaces beyond the class cap, and says so', async () => {
    // 1.2e12: room for the first fees (1e6 gas × 101 000) but not for a premium 1.25 times as high after two rounds.
    await rig.db.destroy()
    await open({ caps: capsOf({ maxFee: attoFil(1_000_000n * 110_000n) }) })
    await ask()
    await rig.messager.round()
    const old = await message('add-1')
    await epochs(11, { empty: true, seconds: 30 })
    const now = await message('add-1')
    expect(BigInt(now.gas_fee_cap ?? 0) * 1_000_000n).toBeLessThanOrEqual(1_000_000n * 110_000n)
    expect(now.cid).toBe(old.cid)
    expect(now.why).toMatch(/over the marketAdd cap/)
  })

  it('keeps a failed estimate as the reason and tries again; later messages of the sender pass it', async () => {
    chain.failEstimates = [
      new ChainError('EXECUTION_FAILED', { text: 'too early to prove sector', exitCode: 18 }),
    ]
    await ask({ class: 'publish', method: 4, value: attoFil(0n) })
    await ask()
    await rig.messager.round()
    expect(await message('add-1')).toMatchObject({
      state: 'Planned',
      why: 'too early to prove sector',
      nonce: null,
    })
    expect(await message('add-2')).toMatchObject({ state: 'Pushed', nonce: 0 })
    await epochs(2)
    expect(await message('add-1')).toMatchObject({ state: 'Pushed', nonce: 1 })
  })

  it('holds a message nobody can pay for, says how much is missing, and sends it when money came', async () => {
    chain.balances.set(from, FIL / 2n)
    await ask()
    await rig.messager.round()
    const held = await message('add-1')
    expect(held).toMatchObject({ state: 'Held', nonce: null })
    expect(held.why).toContain(`${from} has 0.5 FIL free, this marketAdd message needs 1 FIL`)
    chain.balances.set(from, 10n * FIL)
    await epochs(4, { seconds: 30 })
    expect(['Pushed', 'Included']).toContain((await message('add-1')).state)
  })

  it('does not spend again what a message took that executed after the head the balance is read at', async () => {
    await ask({ value: attoFil(60n * FIL) })
    await rig.messager.round()
    await rig.watch.take(chain.advance())
    const before = chain.head
    await rig.watch.take(chain.advance())
    expect(await states()).toEqual(['Included'])
    const next = await ask({ value: attoFil(60n * FIL) })
    const pricing = new MessagePricing(chain.port(), rig.store, rig.policy, rig.alerts)
    await expect(pricing.price(next, before)).rejects.toMatchObject({ code: 'INSUFFICIENT_FUNDS' })
    expect(await pricing.price(next, chain.head), 'at the new head the balance says it').toBeDefined()
  })

  it('sends all proofs of a deadline at once, though each may cost all that the address has', async () => {
    const miner = 'f01000' as Address
    await rig.actor.remember(miner, 2048n)
    chain.balances.set(from, FIL / 2n)
    const proof = { class: 'windowPost' as const, method: 5, to: miner, value: attoFil(0n) }
    for (let at = 0; at < 4; at++) await ask(proof)
    await rig.messager.round()
    expect(await states()).toEqual(['Pushed', 'Pushed', 'Pushed', 'Pushed'])
    const fees = chain.pushed.map(({ message }) => BigInt(message.gasLimit) * message.gasFeeCap)
    for (const fee of fees) expect(fee).toBeGreaterThanOrEqual(FIL / 10n - 1_000_000n)
    // And one that is ready a little later.
    await ask(proof)
    await rig.messager.round()
    expect((await states()).at(-1)).toBe('Pushed')
  })

  it('says that a sender without an actor needs funds', async () => {
    chain.balances.delete(from)
    await ask()
    await rig.messager.round()
    expect((await message('add-1')).why).toBe(`${from} has no actor on chain yet: send it funds first`)
  })

  it('holds what is over the daily cap until the next day', async () => {
    await rig.db.destroy()
    await open({ caps: capsOf({ dailyValue: attoFil((3n * FIL) / 2n) }) })
    await ask()
    await ask()
    await rig.messager.round()
    await rig.messager.round()
    expect((await states()).sort()).toEqual(['Held', 'Pushed'])
    await epochs(3, { seconds: 60 })
    expect((await states()).includes('Held')).toBe(true)
    rig.clock.ms += 24 * 3_600_000
    await epochs(8)
    expect(await states()).toEqual(['Confirmed', 'Confirmed'])
  })

  it('sends in the order of classes: proofs before pre-commits before publishing before the rest', async () => {
    const miner = 'f01000' as Address
    await rig.actor.remember(miner, 2048n)
    await ask()
    await ask({ class: 'publish', method: 4, value: attoFil(0n) })
    await ask({ class: 'preCommit', method: 28, to: miner })
    await ask({ class: 'proveCommit', method: 34, to: miner })
    await ask({ class: 'recoveries', method: 11, to: miner, value: attoFil(0n) })
    await ask({ class: 'windowPost', method: 5, to: miner, value: attoFil(0n) })
    await rig.messager.round()
    expect(chain.pushed.map(({ message: { method } }) => method)).toEqual([5, 11, 34, 28, 4, 2])
  })

  it('sees that somebody else used our nonce, and says so loudly', async () => {
    const other = await openMessager(mkdtempSync(join(root, 'rival-')), chain.port(), { clock: rig.clock })
    await other.keystore.import('worker', rig.keystore.export('worker').reveal())
    await ask()
    await rig.messager.round()
    const [ours] = chain.pushed
    if (ours === undefined) throw new Error('nothing pushed')
    // The rival's wallet signs the same nonce with other content.
    await other.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
    chain.pool.clear()
    await writing(other.db, (trx) =>
      other.messager.request(trx, {
        requestId: 'x',
        class: 'marketAdd',
        from,
        to: marketActor,
        value: attoFil(5n),
        method: 2,
        params: new Uint8Array([9]),
        reason: 'rival',
      }),
    )
    await other.messager.round()
    const alerts: string[] = []
    rig.alerts.raise = (kind) => alerts.push(kind)
    await epochs(3)
    expect((await message('add-1')).state).toBe('NonceTaken')
    expect(alerts).toContain('nonce-taken')
    await ask()
    await epochs(8)
    expect((await message('add-2')).state).toBe('Confirmed')
    await other.db.destroy()
  })

  it('finds by search what landed while nobody watched', async () => {
    await ask()
    await rig.messager.round()
    chain.advance(3)
    // The next step skips the tipset with the receipt, as after a forgotten cursor.
    await rig.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
    await rig.messager.round()
    expect((await message('add-1')).state).toBe('Included')
    await epochs(5)
    expect((await message('add-1')).state).toBe('Confirmed')
  })

  it('believes no receipt whose tipset it lost sight of: what it has was on a branch that no node knows any more', async () => {
    await ask()
    await rig.messager.round()
    await epochs(2)
    expect(await states()).toEqual(['Included'])
    const { cid } = await message('add-1')
    chain.reorg(2)
    chain.pool.clear()
    await rig.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
    expect(await message('add-1')).toMatchObject({ state: 'Pushed', executed_tipset: null, exit_code: null })
    await epochs(1, { empty: true })
    expect(chain.pushed.map(signedMessageCid), 'the same bytes are pushed again').toEqual([cid, cid])
    await epochs(9)
    expect(await message('add-1')).toMatchObject({ state: 'Confirmed', cid })
    expect((await message('add-1')).executed_epoch).toBeGreaterThan(4)
  })

  it('finds again by search a receipt that it lost sight of', async () => {
    await ask()
    await rig.messager.round()
    await epochs(2)
    const seen = await message('add-1')
    await rig.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
    await rig.messager.round()
    expect(await message('add-1')).toMatchObject({
      state: 'Included',
      executed_tipset: seen.executed_tipset,
      executed_epoch: seen.executed_epoch,
    })
    expect(chain.pushed).toHaveLength(1)
  })

  it('goes on with a sender one of whose messages no node can search for', async () => {
    await ask()
    await rig.messager.round()
    chain.advance(3)
    await rig.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
    const text = 'lookbacks of more than 16h0m0s are disallowed'
    chain.failSearches = new ChainError('RPC', { text })
    await ask()
    await rig.messager.round()
    expect(await message('add-1')).toMatchObject({ state: 'Pushed', nonce: 0 })
    expect((await message('add-1')).why).toContain(text)
    expect(await message('add-2')).toMatchObject({ state: 'Pushed', nonce: 1 })
    chain.failSearches = undefined
    await epochs(8, { seconds: 31 })
    expect(await states()).toEqual(['Confirmed', 'Confirmed'])
  })

  it('learns by search that somebody else used our nonce while nobody watched, once no reorg can change it', async () => {
    const alerts: string[] = []
    rig.alerts.raise = (kind) => alerts.push(kind)
    await ask()
    await rig.messager.round()
    const [ours] = chain.pushed
    if (ours === undefined) throw new Error('nothing pushed')
    chain.inject({ ...ours, message: { ...ours.message, params: new Uint8Array([9]) } })
    chain.advance(3)
    await rig.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
    await ask()
    await rig.messager.round()
    expect(await message('add-1'), 'a reorg may still give it back').toMatchObject({ state: 'Pushed' })
    expect(await message('add-2')).toMatchObject({ state: 'Pushed', nonce: 1 })
    await epochs(12, { seconds: 31 })
    expect(await message('add-1')).toMatchObject({ state: 'NonceTaken', settled: 1 })
    expect(alerts).toContain('nonce-taken')
    expect((await message('add-2')).state).toBe('Confirmed')
  })

  it('goes on with a sender whose stuck message may not be replaced today, and says why it waits', async () => {
    await rig.db.destroy()
    // Enough for two messages' fees (1e6 gas × 101 000 each), not for a replacement of the first.
    await open({ caps: capsOf({ dailyFee: attoFil(1_000_000n * 205_000n) }) })
    await ask()
    rig.clock.ms += 1
    await ask()
    await rig.messager.round()
    const { cid } = await message('add-1')
    await epochs(10, { empty: true, seconds: 30 })
    await ask({ class: 'publish', method: 4, value: attoFil(0n) })
    await epochs(1, { empty: true, seconds: 30 })
    expect(await message('add-1')).toMatchObject({ state: 'Pushed', cid })
    expect((await message('add-1')).why).toMatch(/over the daily cap/)
    expect(await message('add-3')).toMatchObject({ state: 'Pushed', nonce: 2 })
  })

  it('records an execution that failed, with its exit code', async () => {
    await ask()
    await rig.messager.round()
    const { cid } = await message('add-1')
    chain.exitCodes.set(cid ?? '', 16)
    await epochs(8)
    expect(await message('add-1')).toMatchObject({ state: 'Failed', exit_code: 16, settled: 1 })
  })

  it('says so when the chain is past a nonce and no node finds the message, and goes on looking', async () => {
    const alerts: string[] = []
    rig.alerts.raise = (kind) => alerts.push(kind)
    await ask()
    await rig.messager.round()
    chain.pool.clear()
    chain.startNonces.set(from, 1)
    await epochs(8, { seconds: 31, empty: true })
    const row = await message('add-1')
    expect(row).toMatchObject({ state: 'Pushed', nonce: 0 })
    expect(row.why).toContain('the chain is past nonce 0')
    expect(alerts.filter((kind) => kind === 'nonce-taken')).toHaveLength(1)
  })

  it.each([
    ['that shows its pool', undefined],
    ['that shows its pool to nobody', new ChainError('NO_METHOD', { text: 'MpoolPending not found' })],
    ['whose pool takes too long to show', new ChainError('TIMEOUT', { text: 'no answer within 30 s' })],
  ])(
    'fills a nonce that nobody holds with an empty transfer to itself, on a node %s',
    async (_, hidesPool) => {
      chain.hidesPool = hidesPool
      await ask()
      // A message of another wallet made the pool say 1, then vanished.
      const foreign = {
        message: { from, nonce: 0, gasFeeCap: attoFil(1n), gasPremium: attoFil(1n) },
        signature: { type: 1, data: new Uint8Array(65) },
      }
      chain.pool.set(`${from}/0`, foreign as never)
      await rig.messager.round()
      expect((await message('add-1')).nonce).toBe(1)
      await epochs(15, { empty: true, seconds: 2 })
      expect(chain.pushed.every(({ message: { nonce } }) => nonce === 1)).toBe(true)
      chain.pool.delete(`${from}/0`)
      await epochs(40, { seconds: 2 })
      expect((await message('add-1')).state).toBe('Confirmed')
      expect(
        chain.pushed.some(({ message: { nonce, method, to } }) => nonce === 0 && method === 0 && to === from),
      ).toBe(true)
    },
  )

  it('fills such a nonce when money for that came, too', async () => {
    await ask()
    chain.pool.set(`${from}/0`, {
      message: { from, nonce: 0, gasFeeCap: attoFil(1n), gasPremium: attoFil(1n) },
      signature: { type: 1, data: new Uint8Array(65) },
    } as never)
    await rig.messager.round()
    expect((await message('add-1')).nonce).toBe(1)
    chain.pool.delete(`${from}/0`)
    // All that the sender has is bound by the message above the hole.
    chain.balances.set(from, FIL)
    await epochs(30, { seconds: 2 })
    const filler = await message(`gap-${from}-0`)
    expect(filler).toMatchObject({ state: 'Held', nonce: null })
    expect(filler.why).toContain('this gapFill message needs')
    chain.balances.set(from, 10n * FIL)
    await epochs(30, { seconds: 2 })
    expect(await message(`gap-${from}-0`)).toMatchObject({ state: 'Confirmed', nonce: 0 })
    expect((await message('add-1')).state).toBe('Confirmed')
    expect(await signedTwice()).toEqual([])
  })

  it('keeps at most its window of messages under way', async () => {
    for (let at = 0; at < 25; at++) await ask({ value: attoFil(1n) })
    await rig.messager.round()
    expect(chain.pool.size).toBe(20)
    await epochs(2)
    expect(chain.pushed.length).toBe(25)
  })
})
