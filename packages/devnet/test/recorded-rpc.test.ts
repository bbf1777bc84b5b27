import { type Json, parseJson, stringifyJson } from '@sealane/chain'
import { temporaryDirectory } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { differences, generic } from './difference.js'
import { asks } from './recorded/asks.js'
import { type LivedWorld, livedWorld } from './recorded/lived-world.js'
import { notComparable, notServed } from './recorded/not-compared.js'
import { type Exchange, recorded, recordedNames } from './recorded/recorded.js'

// Every exchange recorded from a real lotus, asked of a devnet that has lived a little. Shapes of results, and statuses,
// codes and texts of errors, are compared.

/** Where this chain has less or more to say than the recorded one (Devnet.Info lists why), or a text is anybody's. */
const allow = {
  mayBeNull: ['.EventsRoot', '.Return', '.ReturnDec', '.InvokedActor', '.Params', '.Subcalls'],
  mayBeValue: [
    // One beacon entry an epoch, as on mainnet; the recorded beacon had one in three epochs.
    '.BeaconEntries',
    // The small provider of this test has a control address and deals with data.
    '.ControlAddresses',
    '.UnsealedCid',
    '.Params',
    '.Return',
    '.Subcalls',
  ],
  mayBeAbsent: [
    '.ExecutionTrace.Logs',
    '.ExecutionTrace.IpldOps',
    '.eam',
    '.evm',
    '.ethaccount',
    '.multisig',
    '.paymentchannel',
    '.placeholder',
  ],
  free: ['.Label', '.Err', '.Error', '.Agent', '.Version', '.NetworkName'],
}

interface Answer {
  readonly result?: Json
  readonly error?: { readonly code: number; readonly message: string }
}

const isTransport = (name: string) => name.startsWith('err--')
const isSession = (name: string) => name.startsWith('ws--')
const methodOf = (name: string) => name.replace(/--.*/, '')

describe('answers as a real lotus gives them', () => {
  let lived: LivedWorld
  const dataDir = temporaryDirectory()

  async function send(exchange: Exchange, body: string | undefined, bearer: string | undefined) {
    const response = await fetch(lived.url(exchange.path), {
      method: body === undefined ? 'GET' : 'POST',
      headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
      ...(body === undefined ? {} : { body }),
    })
    return {
      status: response.status,
      text: await response.text(),
      type: response.headers.get('content-type'),
    }
  }

  /** Everything about our answer but the values. */
  function compare(exchange: Exchange, ours: Awaited<ReturnType<typeof send>>): void {
    expect(ours.status, ours.text).toBe(exchange.httpStatus)
    if (exchange.contentType !== undefined && ours.text !== '') expect(ours.type).toBe(exchange.contentType)
    if (exchange.response === undefined || typeof exchange.response === 'string') {
      expect(ours.text).toBe(exchange.responseRaw ?? exchange.response ?? '')
      return
    }
    if (exchange.responseEndsWithNewline !== undefined)
      expect(ours.text.endsWith('\n')).toBe(exchange.responseEndsWithNewline)
    const answer = parseJson(ours.text) as Answer
    const theirs = exchange.response as Answer
    expect(Object.keys(answer), ours.text.slice(0, 300)).toEqual(Object.keys(theirs))
    if (theirs.error !== undefined) {
      expect(generic(answer.error?.message ?? '')).toBe(generic(theirs.error.message))
      expect({ ...answer.error, message: '' }).toEqual({ ...theirs.error, message: '' })
      expect(Object.keys(answer.error ?? {})).toEqual(Object.keys(theirs.error))
      return
    }
    expect(
      differences(theirs.result ?? null, answer.result ?? null, allow, `$${methodOfRequest(exchange)}`),
    ).toEqual([])
  }

  beforeAll(async () => {
    lived = await livedWorld(dataDir)
  })
  afterAll(async () => {
    await lived?.close()
  })

  it.each(Object.keys(asks))('%s', async (name) => {
    const exchange = recorded(name)
    const params = await asks[name]?.(lived.world)
    if (exchange.request === undefined || params === undefined) throw new Error('not a request')
    const { id = 7, method } = exchange.request
    const body = stringifyJson({ jsonrpc: '2.0', id, method, params })
    compare(exchange, await send(exchange, body, lived.adminToken))
  })

  it.each(recordedNames.filter((name) => methodOf(name) in notServed))(
    '%s is not served, as lotus says it',
    async (name) => {
      const method = `Filecoin.${methodOf(name)}`
      const { status, text } = await send(
        recorded(name),
        stringifyJson({ jsonrpc: '2.0', id: 7, method, params: [] }),
        lived.adminToken,
      )
      expect({ status, answer: parseJson(text) }).toEqual({
        status: 500,
        answer: { error: { code: -32601, message: `method '${method}' not found` }, id: 7, jsonrpc: '2.0' },
      })
    },
  )

  it.each(recordedNames.filter(isTransport))('%s', async (name) => {
    const exchange = recorded(name)
    const body =
      name === 'err--http-get'
        ? undefined
        : (exchange.requestRaw ?? stringifyJson((exchange.request ?? null) as unknown as Json))
    const bearers: { readonly [auth: string]: string | undefined } = {
      none: undefined,
      'bearer other':
        name === 'err--read-token-write-method' ? lived.world.readToken : lived.world.unknownToken,
    }
    const auth = exchange.auth ?? ''
    compare(exchange, await send(exchange, body, auth in bearers ? bearers[auth] : lived.adminToken))
  })

  it('the old API has its own counts and order of parameters, and lacks what came later', async () => {
    const { landed, miner, height, head } = lived.world
    const asked = async (path: string, method: string, ...params: Json[]) => {
      const body = stringifyJson({ jsonrpc: '2.0', id: 7, method: `Filecoin.${method}`, params })
      const { text } = await send({ path, httpStatus: 200 }, body, lived.adminToken)
      return parseJson(text) as Answer
    }
    const [v0, v1] = ['/rpc/v0', '/rpc/v1']
    expect((await asked(v0, 'StateSearchMsg', [], landed, -1, true)).error?.message).toBe(
      "wrong param count (method 'Filecoin.StateSearchMsg'): 4 != 1",
    )
    expect((await asked(v0, 'StateGetBeaconEntry', 5)).error?.code).toBe(-32601)
    expect((await asked(v1, 'BeaconGetEntry', 5)).error?.code).toBe(-32601)
    expect(
      (await asked(v0, 'ChainGetRandomnessFromTickets', [head], 5, height - 5, 'QwDoBw==')).result,
    ).toEqual((await asked(v1, 'StateGetRandomnessFromTickets', 5, height - 5, 'QwDoBw==', [head])).result)
    const { result } = await asked(v1, 'StateSearchMsg', [], landed, -1, true)
    const { Receipt } = result as { readonly Receipt: Json }
    expect((await asked(v0, 'StateGetReceipt', landed, [])).result).toEqual(Receipt)
    expect((await asked(v0, 'StateWaitMsgLimited', landed, 1, -1)).result).toEqual(result)
    expect((await asked(v0, 'StateSectorPreCommitInfo', miner, 99_999, [])).error?.message).toBe(
      'precommit info does not exist',
    )
    for (const method of ['MinerCreateBlock', 'SyncSubmitBlock'])
      expect((await asked(v1, method, {})).error?.message).toContain('makes its blocks itself')
  })

  it('compares every recorded file, or says why it cannot', () => {
    const told = (name: string) =>
      [
        name in asks,
        methodOf(name) in notServed,
        name in notComparable,
        isTransport(name),
        isSession(name),
      ].filter(Boolean).length
    expect(recordedNames.filter((name) => told(name) !== 1)).toEqual([])
    const known = new Set(recordedNames)
    expect([...Object.keys(asks), ...Object.keys(notComparable)].filter((name) => !known.has(name))).toEqual(
      [],
    )
    const methods = new Set(recordedNames.map(methodOf))
    expect(Object.keys(notServed).filter((method) => !methods.has(method))).toEqual([])
  })
})

function methodOfRequest(exchange: Exchange): string {
  return exchange.request?.method ?? ''
}
