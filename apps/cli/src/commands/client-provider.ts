import { multiaddr } from '@multiformats/multiaddr'
import { formatAddress, parseAddress } from '@sealane/actors'
import { queryTransports } from '@sealane/market/node'
import type { Command } from 'commander'
import { dialProvider } from '../client/dial-provider.js'
import { lines } from '../frame/answer.js'
import { answers } from '../frame/answers.js'
import type { Session } from '../frame/session.js'

/** `client libp2p-info`: the provider as any client meets it. Source of the text: filecoin-project/boost cmd/boost/provider_cmd.go, as recorded. */
export function libp2pInfo(session: Session): Command {
  return answers(
    session,
    {
      usage: 'libp2p-info <minerAddress>',
      about: 'Meet a provider: its peer id, addresses, software and what it speaks.',
      examples: ['client libp2p-info t01000'],
    },
    async (_, [text = '']) => {
      const miner = parseAddress(text)
      const { identify, stop } = await dialProvider(await session.chain(), miner, session.terminal.signal)
      try {
        const met = await identify()
        const provider = formatAddress(miner, await session.prefix())
        const told = { provider, ...met, protocols: [...met.protocols].sort() }
        return { json: told, text: libp2pInfoText(told) }
      } finally {
        await stop()
      }
    },
  )
}

export function libp2pInfoText(told: {
  provider: string
  agent: string
  id: string
  multiaddrs: readonly string[]
  protocols: readonly string[]
}): string {
  return lines(
    `Provider: ${told.provider}`,
    `Agent: ${told.agent}`,
    `Peer ID: ${told.id}`,
    'Peer Addresses:',
    ...told.multiaddrs.map((address) => `  ${address}`),
    'Protocols:',
    ...told.protocols.map((protocol) => `  ${protocol}`),
  )
}

/** `client retrieval-transports`. Source of the text: as above. */
export function retrievalTransports(session: Session): Command {
  return answers(
    session,
    {
      usage: 'retrieval-transports <minerAddress>',
      about: 'Ask a provider by which transports, and where, it can be reached for data.',
      examples: ['client retrieval-transports t01000'],
    },
    async (_, [text = '']) => {
      const { connection, stop } = await dialProvider(
        await session.chain(),
        parseAddress(text),
        session.terminal.signal,
      )
      try {
        const { protocols } = await queryTransports(connection, { signal: session.terminal.signal })
        const told = protocols.map(({ name, addresses }) => ({
          name,
          addresses: addresses.map((bytes) => multiaddr(bytes).toString()),
        }))
        return { json: told, text: transportsText(told) }
      } finally {
        await stop()
      }
    },
  )
}

export function transportsText(told: readonly { name: string; addresses: readonly string[] }[]): string {
  return lines(
    ...told.flatMap(({ name, addresses }) => [name, ...addresses.map((address) => `  ${address}`)]),
  )
}
