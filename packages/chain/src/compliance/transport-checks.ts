import { type Json, parseJson } from '../rpc/json.js'
import type { ComplianceCheck, ComplianceContext } from './compliance-check.js'
import { holds, matches, same, sameJson } from './expect.js'

interface Answer {
  readonly id?: Json
  readonly result?: Json
  readonly error?: { readonly code: number; readonly message: string }
}

const request = (method: string, params: Json, id: Json = 7) =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params })

async function answered(
  { post }: ComplianceContext,
  body: string,
  token?: string | null,
): Promise<{ status: number; answer: Answer }> {
  const { status, text } = await post(body, token)
  try {
    return { status, answer: parseJson(text) as unknown as Answer }
  } catch {
    throw new Error(`HTTP ${status}, not JSON: "${text.slice(0, 120)}"`)
  }
}

/** An HTTP status, a JSON-RPC code and a text. */
async function refusal(
  context: ComplianceContext,
  body: string,
  expected: { status: number; code: number; text: RegExp },
  token?: string | null,
): Promise<void> {
  const { status, answer } = await answered(context, body, token)
  same(answer.error?.code, expected.code, 'error code')
  matches(answer.error?.message ?? '', expected.text, 'text')
  same(status, expected.status, 'HTTP status')
}

/** How go-jsonrpc speaks over HTTP. Read-only. Source: exchanges recorded from lotus v1.36. */
export const transportChecks: readonly ComplianceCheck[] = [
  {
    name: 'HTTP: an unknown method is -32601 with status 500',
    run: (context) =>
      refusal(context, request('Filecoin.NoSuch', []), {
        status: 500,
        code: -32601,
        text: /^method 'Filecoin\.NoSuch' not found$/,
      }),
  },
  {
    name: 'HTTP: too few and too many parameters are -32602, and both counts are told',
    async run(context) {
      await refusal(context, request('Filecoin.ChainGetTipSet', []), {
        status: 500,
        code: -32602,
        text: /^wrong param count \(method 'Filecoin\.ChainGetTipSet'\): 0 != 1$/,
      })
      await refusal(context, request('Filecoin.ChainGetTipSet', [[], 1]), {
        status: 500,
        code: -32602,
        text: /: 2 != 1$/,
      })
    },
  },
  {
    name: 'HTTP: a parameter of another type is -32700 and named by its Go type',
    run: (context) =>
      refusal(context, request('Filecoin.ChainGetTipSetByHeight', ['abc', []]), {
        status: 500,
        code: -32700,
        text: /^unmarshaling params for 'Filecoin\.ChainGetTipSetByHeight' \(param: \*abi\.ChainEpoch\)/,
      }),
  },
  {
    name: 'HTTP: what is not JSON is -32700 with status 500; an empty batch and an empty body are -32600 with 400',
    async run(context) {
      await refusal(context, '{not json', { status: 500, code: -32700, text: /^Parse error$/ })
      for (const body of ['[]', ''])
        await refusal(context, body, { status: 400, code: -32600, text: /^Invalid request$/ })
    },
  },
  {
    name: 'HTTP: a request without an id is a notification: 200 and nothing',
    async run({ post }) {
      const { status, text } = await post('{"jsonrpc":"2.0","method":"Filecoin.ChainHead","params":[]}')
      same(status, 200, 'HTTP status')
      same(text, '', 'body')
    },
  },
  {
    name: 'HTTP: ids come back as they were sent; missing and null parameters are none',
    async run(context) {
      for (const id of ['abc', 12]) {
        const { answer } = await answered(context, request('Filecoin.StateNetworkName', [], id))
        same(answer.id, id, 'id')
      }
      const body = '{"jsonrpc":"2.0","id":1,"method":"Filecoin.StateNetworkName"}'
      holds(typeof (await answered(context, body)).answer.result === 'string', 'an answer without parameters')
      const { answer } = await answered(context, request('Filecoin.StateNetworkName', null))
      holds(typeof answer.result === 'string', 'an answer to null parameters')
    },
  },
  {
    name: 'HTTP: a batch is answered as a batch',
    async run(context) {
      const { status, text } = await context.post(
        `[${request('Filecoin.StateNetworkName', [], 1)},${request('Filecoin.NoSuch', [], 2)}]`,
      )
      same(status, 200, 'HTTP status')
      const answers = parseJson(text) as unknown as Answer[]
      sameJson(answers.map(({ id }) => id ?? null).sort(), [1, 2], 'ids')
    },
  },
  {
    name: 'HTTP: no token may read and nothing else; a strange token is 401 with an empty body',
    async run(context) {
      const { answer } = await answered(context, request('Filecoin.StateNetworkName', []), null)
      holds(typeof answer.result === 'string', 'an answer without a token')
      await refusal(
        context,
        request('Filecoin.WalletList', []),
        { status: 200, code: 1, text: /^missing permission to invoke 'WalletList' \(need 'write'\)$/ },
        null,
      )
      const { status, text } = await context.post(
        request('Filecoin.ChainHead', []),
        'eyJhbGciOiJIUzI1NiJ9.e30.AAAA',
      )
      same(status, 401, 'HTTP status')
      same(text, '', 'body')
    },
  },
  {
    name: 'HTTP: a subscription is refused: it needs a WebSocket',
    run: (context) =>
      refusal(context, request('Filecoin.ChainNotify', []), {
        status: 500,
        code: -32601,
        text: /no out channel support/,
      }),
  },
]
