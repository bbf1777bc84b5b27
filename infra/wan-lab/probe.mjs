// One attempt to connect, from wherever it is run: prints what it met as one JSON line.
//   node probe.mjs '{"kind":"https|redis|grpc|tcp", …}'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { grpcChannel, grpcClient, roleName } from '@sealane/host'
import { minerV1, workV1 } from '@sealane/proto'
import { Redis } from 'ioredis'

const wanted = JSON.parse(process.argv[2])
/** An attempt that meets nothing ends here. Unit: ms. */
const patienceMs = 15_000

const { ca, cert, key } = wanted.tls ?? {}
const tls = {
  ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
  ...(cert === undefined ? {} : { cert: readFileSync(cert), key: readFileSync(key) }),
}

const attempts = {
  https: () =>
    new Promise((resolve, reject) => {
      const outgoing = request(
        wanted.url,
        { ...tls, servername: roleName('provider'), headers: { range: 'bytes=0-' }, timeout: patienceMs },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (part) => {
            text += part
          })
          response.on('end', () => resolve(`HTTP ${response.statusCode} ${text.trim()}`.trim()))
        },
      )
      outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')))
      outgoing.on('error', reject)
      outgoing.end()
    }),
  redis: async () => {
    const redis = new Redis(wanted.url, {
      tls,
      lazyConnect: true,
      retryStrategy: () => null,
      connectTimeout: patienceMs,
    })
    const told = []
    redis.on('error', (error) => told.push(error.message))
    try {
      await redis.connect()
      return String(await redis.call(...wanted.command))
    } catch (error) {
      throw new Error(told[0] ?? error.message)
    } finally {
      redis.disconnect()
    }
  },
  grpc: async () => {
    const identity = {
      authority: readFileSync(ca, 'utf8'),
      certificate: cert === undefined ? '' : readFileSync(cert, 'utf8'),
      key: key === undefined ? '' : readFileSync(key, 'utf8'),
    }
    const channel = grpcChannel({ address: wanted.address, tls: identity, role: wanted.role })
    try {
      const work = wanted.service === 'work'
      const client = grpcClient(
        work ? workV1.WorkServiceDefinition : minerV1.MinerServiceDefinition,
        channel,
        {
          deadlineMs: patienceMs,
        },
      )
      await (work ? client.claim({}) : client.publishDeal({}))
      return 'answered'
    } catch (error) {
      // The server's own refusal of an empty request means that the caller was let in.
      if (!/^GRPC_|^DEADLINE$/.test(error.code ?? error.facts?.code ?? '')) return `let in: ${error.message}`
      throw error
    } finally {
      channel.close()
    }
  },
  tcp: () =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: wanted.host, port: wanted.port, timeout: 3_000 })
      socket.once('connect', () => {
        socket.destroy()
        resolve('connected')
      })
      socket.once('timeout', () => {
        socket.destroy()
        reject(new Error('no answer in 3 s'))
      })
      socket.once('error', reject)
    }),
}

try {
  print({ admitted: true, text: await attempts[wanted.kind]() })
} catch (error) {
  print({ admitted: false, text: error.message, code: error.code })
}

function print(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
  process.exit(0)
}
