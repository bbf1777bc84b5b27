// `sealane … | head` closes the pipe early: that is the reader's right, not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const [word, kind = ''] = process.argv.slice(2)
if (word === 'complete-ids') {
  // What completion scripts ask while a key is held: nothing else is loaded.
  const { liveIds } = await import('./complete/live-ids.js')
  for (const id of await liveIds(kind, process.env)) process.stdout.write(`${id}\n`)
} else {
  const [{ runCli }, { processTerminal }] = await Promise.all([
    import('./frame/run-cli.js'),
    import('./frame/terminal.js'),
  ])
  process.exitCode = await runCli(process.argv.slice(2), processTerminal())
}
