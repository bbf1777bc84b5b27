import { mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { commandFacts } from '../complete/command-facts.js'
import { completionScript, type Shell, shells } from '../complete/completion-script.js'
import { lines } from '../frame/answer.js'
import { answers } from '../frame/answers.js'
import { everyCommand } from '../frame/command-tree.js'
import { oneOf } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'

export function completionCommand(session: Session): Command {
  return answers<{ install?: boolean }>(
    session,
    {
      usage: 'completion <shell>',
      about:
        'Print a completion script for bash, zsh or fish: commands, flags and the ids that the apps know.',
      examples: ['completion bash > /etc/bash_completion.d/sealane', 'completion zsh --install'],
      notes:
        'Deal uuids, sector numbers, message CIDs, addresses, peers and workers are asked of the running apps; what is down is left out.',
    },
    async ({ install }, [shellText = '']) => {
      const shell = oneOf('the shell', shellText, shells)
      const script = completionScript(shell, commandFacts(await everyCommand()))
      if (!install) return { json: { shell, script }, text: script }
      const path = placeOf(shell, session.terminal.env)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, script)
      return { json: { shell, path }, text: lines(`${path} written; ${startsUse[shell]}`) }
    },
    (command) => command.option('--install', 'write it where the shell of this user looks'),
  )
}

const startsUse: Readonly<Record<Shell, string>> = {
  bash: 'a new shell has it (with the bash-completion package)',
  zsh: 'put "fpath=(~/.zfunc $fpath); autoload -U compinit; compinit" into ~/.zshrc, if it is not there',
  fish: 'a new shell has it',
}

function placeOf(shell: Shell, env: Readonly<Record<string, string | undefined>>): string {
  const home = env.HOME ?? homedir()
  switch (shell) {
    case 'bash':
      return join(env.XDG_DATA_HOME ?? join(home, '.local/share'), 'bash-completion/completions/sealane')
    case 'zsh':
      return join(home, '.zfunc/_sealane')
    case 'fish':
      return join(env.XDG_CONFIG_HOME ?? join(home, '.config'), 'fish/completions/sealane.fish')
  }
}
