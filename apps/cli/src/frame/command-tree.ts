import type { Command } from 'commander'
import { groups } from './groups.js'
import { programFor } from './run-cli.js'
import { Session } from './session.js'
import type { Terminal } from './terminal.js'

/** One command by its words: `sectors numbers info`. */
export interface KnownCommand {
  readonly words: string
  readonly command: Command
}

/** A terminal that nobody sits at: for looking at commands without running them. */
export function mutedTerminal(out: (text: string) => void = () => undefined): Terminal {
  return {
    env: {},
    out,
    err: () => undefined,
    now: () => 0,
    colour: false,
    tty: false,
    rows: () => 24,
    signal: new AbortController().signal,
    input: async () => '',
  }
}

/** Every command there is, in the order of `--help`. Loads all of the command line's code. */
export async function everyCommand(terminal = mutedTerminal()): Promise<KnownCommand[]> {
  const found: KnownCommand[] = []
  for (const { name } of groups) {
    const program = await programFor([name], new Session(terminal))
    const top = program.commands.find((command) => command.name() === name)
    if (top !== undefined) found.push(...leaves(top, []))
  }
  return found
}

function leaves(command: Command, above: readonly string[]): KnownCommand[] {
  const words = [...above, command.name()]
  if (command.commands.length === 0) return [{ words: words.join(' '), command }]
  return command.commands.flatMap((child) => leaves(child, words))
}
