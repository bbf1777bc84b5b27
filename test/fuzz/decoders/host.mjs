import { built, holds, only } from '../sources.mjs'

const host = await built('packages/host')
const { parseTrashManifest } = await built('packages/host', 'files/trash')
const { requestPathOf } = await built('packages/host', 'files/request-path')
const { parseRange } = await built('packages/host', 'files/serve-files')

/** The file of one app: as it is printed, with what must be given; with every key set; and with the keys of each section. */
const configFile =
  (app, name, musts = []) =>
  async () => {
    const definition = (await built(`apps/${app}`, 'config'))[`${name}Config`]
    const printed = musts.reduce(
      (text, [key, value]) =>
        text.replace(new RegExp(`^  #${key} = .*$`, 'mg'), `  ${key} = ${JSON.stringify(value)}`),
      host.defaultConfigFile(definition),
    )
    const least = printed.replaceAll(/^ {2}#.*\n/gm, '').replaceAll(/\n\n+/g, '\n')
    const whole = printed.replaceAll(/^ {2}#(?=\w+ = [^( \n])/gm, '  ').replaceAll(/^ {2}#.*\n/gm, '')
    const withSection = whole.split(/^(?=\[)/m).map((section) => {
      const [head] = section.split('\n')
      return least.replace(new RegExp(`^${RegExp.escape(head)}\\n(?: .*\\n)*`, 'm'), () => section)
    })
    return {
      form: 'text',
      corpus: [printed, least, whole, ...withSection],
      decode(input) {
        host.loadConfig(definition, { env: {}, file: { path: 'x.toml', text: input } })
        return true
      },
      refuses: only(host.HostError),
    }
  }

const nodes = ['nodes', '/ip4/127.0.0.1/tcp/1234/http']
const redisUrl = ['redis_url', 'redis://127.0.0.1:6379']

export const decoders = {
  'host.config-provider': configFile('provider', 'provider', [nodes, redisUrl]),
  'host.config-sealer': configFile('sealer', 'sealer', [
    redisUrl,
    ['pieces_url', 'https://provider.example:9010'],
  ]),
  'host.config-worker': configFile('sealer', 'worker', [redisUrl]),
  'host.config-miner': configFile('miner', 'miner', [nodes, redisUrl]),
  'host.config-devnet': configFile('devnet', 'devnet'),
  'host.listen-address': () => ({
    form: 'text',
    corpus: ['127.0.0.1:9002', '[::1]:80', 'miner.example:65535'],
    decode: (input) => host.hostAndPort(input).port <= 65_535,
    refuses: only(host.HostError),
  }),
  'host.queue-url': () => ({
    form: 'text',
    corpus: [
      'redis://user:pass@127.0.0.1:6379/2',
      'rediss://h:1',
      'unix:/run/x.sock?password=a%20b&db=3',
      'postgres://u:p@h:5432/db',
    ],
    decode(input) {
      const address = host.parseQueueUrl(input)
      if (address.backend === 'redis')
        holds(Number.isSafeInteger(address.options.db), 'the database is a number')
      return true
    },
    refuses: only(host.HostError),
  }),
  'host.range': () => ({
    form: 'text',
    corpus: ['bytes=0-', 'bytes=5-9', 'bytes=2047-2048', 'bytes=-5', 'bytes=0-1,3-4'],
    decode(input) {
      const range = parseRange(input, 2048)
      if (typeof range !== 'object') return false
      holds(
        range.start >= 0 && range.start <= range.end && range.end < 2048,
        'the range lies within the file',
      )
      return true
    },
    refuses: () => false,
  }),
  'host.request-path': () => ({
    form: 'text',
    corpus: ['/pieces/baga6ea4seaqao7s73y24kcutaosvacpdjgfe5pw76ooefnyqw4ynr3d2y6x2mpq/2032', '/a%20b?c=%zz'],
    decode: (input) => requestPathOf(input) !== undefined,
    refuses: () => false,
  }),
  'host.trash-manifest': () => ({
    form: 'json',
    corpus: [
      {
        originalPath: '/data/sealed/s-t01000-1',
        reason: 'given up',
        trashedMs: 1763800000000,
        sizeBytes: 2048,
      },
    ],
    decode: (input) => Number.isFinite(parseTrashManifest(input).trashedMs),
    refuses: only(host.HostError),
  }),
  'host.operator-token': async () => {
    const secret = (await built('packages/host', 'config/secret')).Secret
    const key = new secret('0123456789abcdef0123456789abcdef')
    return {
      form: 'text',
      corpus: [await host.createOperatorToken(key, 'admin'), await host.createOperatorToken(key, 'read')],
      decode: async (input) => (await host.tokenPermission(key, input)) !== undefined,
      refuses: () => false,
    }
  },
}
