import type { Command } from 'commander'
import { everyCommand, mutedTerminal } from './command-tree.js'

/** Characters in a line of the page, whatever the terminal of who makes it. */
const pageWidth = 100

/** docs/generated/cli.md: the help of every command, as it prints it. */
export async function commandPage(): Promise<string> {
  let printed = ''
  const known = await everyCommand(mutedTerminal((text) => (printed += text)))
  const sections = known.map(({ words, command }) => {
    printed = ''
    widen(command)
    command.outputHelp()
    return `## ${words}\n\n\`\`\`text\n${printed.trimEnd()}\n\`\`\`\n`
  })
  return `# Every command

Generated from \`sealane COMMAND --help\` by \`npm run generate\`; do not edit.

Exit codes: 0 done; 1 failed, or the answer itself is bad news (a failed check, a message that failed on chain); 64 the command line was
not understood; 130 interrupted with Ctrl-C. With \`--json\` a failure is one document, too: \`{"error": {code, remedy, text, next}}\`.

${sections.join('\n')}`
}

function widen(command: Command): void {
  command.configureOutput({ getOutHelpWidth: () => pageWidth, getErrHelpWidth: () => pageWidth })
}
