import { existsSync, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { tomlValues } from '../connect/toml-values.js'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { oneOf, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'

const permissions = ['read', 'write', 'sign', 'admin'] as const

interface Options {
  perm?: string
  config: string
}

/** Tokens for the operator API over TCP, in lotus' words. */
export function authCommand(session: Session): Command {
  return group('auth', 'Tokens for the provider’s operator API over TCP.', [
    createToken(session),
    apiInfo(session),
  ])
}

function createToken(session: Session): Command {
  return answers<Options>(
    session,
    {
      usage: 'create-token',
      about: 'Create a token. Each permission includes those before it: read, write, sign, admin.',
      examples: ['auth create-token --perm read --config /etc/sealane/provider.toml'],
      notes: `It is signed with [operator] jwt_secret of the provider's settings: run it where they are. Another secret ends all tokens.`,
    },
    async (o) => {
      const { token, perm } = await tokenOf(o)
      return { json: { token, perm }, text: lines(token) }
    },
    withOptions,
  )
}

function apiInfo(session: Session): Command {
  return answers<Options>(
    session,
    {
      usage: 'api-info',
      about: 'Print what to set on another machine to reach this provider: a token and an address.',
      examples: ['auth api-info --perm read --config /etc/sealane/provider.toml'],
      notes: `There also set SEALANE_CA to a copy of ca.crt. The address is [operator] listen: put the machine's name in its place.`,
    },
    async (o) => {
      const { token, perm, listen } = await tokenOf(o)
      if (listen === undefined)
        throw new CliError(
          { code: 'FILE', path: o.config, reason: 'no operator.listen' },
          `${o.config} has no [operator] listen: the API is served on the socket only; set listen = "host:port"`,
        )
      const info = `${token}:https://${listen}`
      return {
        json: { SEALANE_PROVIDER_API_INFO: info, perm },
        text: lines(`SEALANE_PROVIDER_API_INFO=${info}`),
      }
    },
    withOptions,
  )
}

function withOptions(command: Command): Command {
  return command
    .option('--perm <PERMISSION>', 'permission to assign to the token: read, write, sign, admin')
    .option('--config <FILE>', 'the provider’s settings', '/etc/sealane/provider.toml')
}

async function tokenOf({ perm: wanted, config }: Options) {
  if (wanted === undefined) throw usage('--perm flag not set')
  const perm = oneOf('--perm', wanted, permissions)
  if (!existsSync(config)) {
    throw new CliError(
      { code: 'FILE', path: config, reason: 'not there' },
      `${config} is not there: name the provider's settings with --config`,
    )
  }
  const values = tomlValues(config)
  const given = values.get('operator.jwt_secret')
  if (given === undefined) {
    throw new CliError(
      { code: 'FILE', path: config, reason: 'no operator.jwt_secret' },
      `${config} has no [operator] jwt_secret: make one (openssl rand -hex 32 > FILE), set jwt_secret = "file:FILE" and restart the provider`,
    )
  }
  const { createOperatorToken, Secret } = await import('@sealane/host')
  const text = given.startsWith('file:') ? readFileSync(given.slice('file:'.length), 'utf8').trim() : given
  return {
    token: await createOperatorToken(new Secret(text), perm),
    perm,
    listen: values.get('operator.listen'),
  }
}
