import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers } from '../frame/answers.js'
import type { Session } from '../frame/session.js'
import { version } from '../version.js'

export function versionCommand(session: Session): Command {
  return answers(
    session,
    {
      usage: 'version',
      about: 'Print the version of the chain node and of this command.',
      examples: ['version'],
    },
    async () => {
      const local = `sealane version ${version}`
      try {
        const node = await (await session.chain()).version()
        const api = [16, 8, 0].map((shift) => (node.apiVersion >> shift) & 0xff).join('.')
        return {
          json: { daemon: node.version, apiVersion: api, agent: node.agent, local: version },
          text: lines(`Daemon:  ${node.version}+api${api}`, `Local: ${local}`),
        }
      } catch {
        return {
          json: { daemon: null, local: version },
          text: lines('Daemon:  no chain node answers', `Local: ${local}`),
        }
      }
    },
  )
}
