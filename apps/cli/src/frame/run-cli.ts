import { Command, CommanderError } from 'commander'
import { version } from '../version.js'
import { jsonText } from './answer.js'
import { groups } from './groups.js'
import { nextStep } from './next-step.js'
import { Session } from './session.js'
import type { Terminal } from './terminal.js'

/** A command line that cannot be read. Source: sysexits.h EX_USAGE. */
const USAGE_EXIT = 64
const FAILED_EXIT = 1

/** Runs one command line to its end and says the exit code: 0 done, 64 not understood, 1 failed. Never throws. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  const session = new Session(terminal)
  try {
    const program = await programFor(argv, session)
    await program.parseAsync([...argv], { from: 'user' })
    return session.exitCode
  } catch (error) {
    if (error instanceof CommanderError) return misread(error, argv, terminal)
    return await told(error, argv, session)
  } finally {
    await session.close()
  }
}

/** The command tree, with the code of the group that `argv` names; the others are names only. */
export async function programFor(argv: readonly string[], session: Session): Promise<Command> {
  const { terminal } = session
  const program = new Command('sealane')
    .description('Sealane: provider abroad, sealer and miner at home. One command for all of it.')
    .version(version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'help for one command')
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHasColors: () => terminal.colour,
    })
    .showHelpAfterError('(--help shows an example)')
    .exitOverride()
    .addHelpText(
      'after',
      `
Where it looks: the running "npm start" of this user; else SEALANE_RUNTIME_DIR (operator sockets), SEALANE_<APP>_API_INFO (an app
on another host, TOKEN:URL) and FULLNODE_API_INFO (a chain node).

Examples:
  $ sealane storage-deals list
  $ sealane deals why yu3bdena
  $ sealane doctor`,
    )
  const wanted = argv.find((word) => !word.startsWith('-') && word !== 'help')
  for (const { name, alias, about, load } of groups) {
    const asked = name === wanted || (alias !== undefined && alias === wanted)
    const command = asked ? inheriting(program, await load(session)) : new Command(name).description(about)
    program.addCommand(alias === undefined ? command : command.alias(alias))
  }
  return program
}

/** Commander gives its settings to what `.command()` makes, not to what is added. */
function inheriting(parent: Command, command: Command): Command {
  command.copyInheritedSettings(parent)
  for (const child of command.commands) inheriting(command, child)
  return command
}

/** Commander has said what was wrong already, in its own words. */
function misread(error: CommanderError, argv: readonly string[], terminal: Terminal): number {
  if (error.exitCode === 0) return 0
  const text = error.message.replace(/^error: /, '')
  if (argv.includes('--json'))
    terminal.out(jsonText({ error: { code: 'USAGE', remedy: 'hold', text, next: '--help' } }))
  return USAGE_EXIT
}

async function told(error: unknown, argv: readonly string[], session: Session): Promise<number> {
  const { terminal } = session
  if (terminal.signal.aborted) return 130
  const text = await session.spelled(words(error).trim())
  const next = nextStep(error)
  if (argv.includes('--json')) {
    const { code, remedy } = error as { code?: unknown; remedy?: unknown }
    terminal.out(
      jsonText({ error: { code: code ?? 'FAILED', remedy: remedy ?? 'hold', text, next: next ?? null } }),
    )
  }
  terminal.err(`ERROR: ${text}\n${next === undefined ? '' : `  next: ${next}\n`}`)
  return (error as { code?: unknown }).code === 'USAGE' ? USAGE_EXIT : FAILED_EXIT
}

/** Failures between us and the node name the node; what the node itself refused is said in its own words, as lotus prints them. */
const ofTheNode = new Set([
  'NODE_DOWN',
  'TIMEOUT',
  'MALFORMED',
  'TOO_LARGE',
  'WRONG_NETWORK',
  'NODES_INVALID',
  'NO_METHOD',
])

function words(error: unknown): string {
  const { name, code, text, message } = error as {
    name?: unknown
    code?: unknown
    text?: unknown
    message?: unknown
  }
  const app = /^nothing runs at (.*\/(provider|sealer|miner)\.sock)/.exec(String(message))
  if (app !== null) return `the ${app[2]} is not running: nothing at ${app[1]}`
  if (name === 'ChainError' && typeof text === 'string' && !ofTheNode.has(String(code))) return text
  return typeof message === 'string' ? message : String(error)
}
