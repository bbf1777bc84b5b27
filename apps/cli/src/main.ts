import { runCli } from './frame/run-cli.js'
import { processTerminal } from './frame/terminal.js'

// `sealane … | head` closes the pipe early: that is the reader's right, not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await runCli(process.argv.slice(2), processTerminal())
