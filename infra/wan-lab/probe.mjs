// One attempt to connect, from wherever it is run: prints what it met as one JSON line.
//   node probe.mjs '{"kind":"https|redis|grpc|tcp", …}'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { grpcChannel, grpcClient, plainTlsText, roleName } from '@sealane/host'
import { minerV1, workV1 } from '@sealane/proto'

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
  redis: () =>
    new Promise((resolve, reject) => {
      const { hostname: host, port, username, password } = new URL(wanted.url)
      const words = [...(username === '' ? [] : [['AUTH', username, password]]), wanted.command]
      const socket = connectTls({ host, port: Number(port), ...tls, timeout: patienceMs })
      let text = ''
      socket.setEncoding('utf8').on('data', (part) => {
        text += part
        const answers = text.split('\r\n').slice(0, -1)
        const refused = answers.find((answer) => answer.startsWith('-'))
        if (refused !== undefined) reject(new Error(refused.slice(1)))
        else if (answers.length >= words.length) resolve(answers.at(-1).slice(1))
      })
      socket.once('secureConnect', () =>
        socket.write(words.map((command) => `${command.join(' ')}\r\n`).join('')),
      )
      socket.once('timeout', () => socket.destroy(new Error('no answer')))
      socket.once('error', reject)
      socket.once('close', () => reject(new Error('closed without a word')))
    }),
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
  print({ admitted: false, text: plainTlsText(error), code: error.code })
}

function print(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
  process.exit(0)
}
