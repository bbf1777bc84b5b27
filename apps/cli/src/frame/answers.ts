import { Command } from 'commander'
import { type Answer, jsonText } from './answer.js'
import type { Session } from './session.js'
import { watch } from './watch.js'

export interface CommandText {
  /** Name and arguments, as commander reads them: `find <id>`. */
  readonly usage: string
  /** One sentence. */
  readonly about: string
  /** At least one line that works when pasted. */
  readonly examples: readonly string[]
  /** More for `--help`, below the options. */
  readonly notes?: string
  /** Offers `--watch`: asking again and again. */
  readonly watch?: true
}

/**
 * A command that answers: `--json` prints one document in place of the text. `define` adds its options;
 * `run` gets what commander read (the arguments in their order, options under their camel-case names).
 */
export function answers<Options extends object = object>(
  session: Session,
  text: CommandText,
  run: (options: Options, args: readonly string[]) => Promise<Answer>,
  define: (command: Command) => Command = (command) => command,
): Command {
  const [name = '', ...args] = text.usage.split(' ')
  const command = define(args.reduce((made, arg) => made.argument(arg), new Command(name)))
  if (text.watch) command.option('--watch', 'keep asking: drawn in place on a screen, appended to a pipe')
  return command
    .description(text.about)
    .option('--json', 'print one JSON document')
    .addHelpText('after', help(text))
    .action(async () => {
      const options = command.opts<Options & { json?: boolean; watch?: boolean }>()
      const ask = async () => await spelled(session, await run(options, command.args))
      if (text.watch && options.watch) return await watch(session, ask, { json: options.json === true })
      const answer = await ask()
      const shown = options.json === true ? answer.json : answer.text
      if (shown !== undefined) session.terminal.out(options.json === true ? jsonText(shown) : answer.text)
      if (answer.exitCode !== undefined) session.exitCode = answer.exitCode
    })
}

/** Whoever told them, addresses are printed as the connected network prints them, to people and to programs. */
async function spelled(session: Session, answer: Answer): Promise<Answer> {
  if (answer.json === undefined) return answer
  const [told, text] = [jsonText(answer.json), await session.spelled(answer.text)]
  const shown = await session.spelled(told)
  return { ...answer, text, ...(shown === told ? {} : { json: JSON.parse(shown) }) }
}

/** A group of commands. */
export function group(name: string, about: string, commands: readonly Command[]): Command {
  const made = new Command(name).description(about)
  for (const command of commands) made.addCommand(command)
  return made
}

function help({ examples, notes }: CommandText): string {
  const shown = examples.map((example) => `  $ sealane ${example}`).join('\n')
  return `${notes === undefined ? '' : `\n${notes}\n`}\n${examples.length > 1 ? 'Examples' : 'Example'}:\n${shown}\n`
}
