import type { ComponentLogger, Logger } from '@libp2p/interface'

const quiet: Logger = Object.assign(() => {}, {
  enabled: false,
  error: () => {},
  trace: () => {},
  newScope: () => quiet,
})

/**
 * A logger for libp2p that says nothing: the library makes one for each stream, and its own asks the terminal for its
 * colours each time. What concerns the operator is logged where streams are served.
 */
export const quietLogger: ComponentLogger = { forComponent: () => quiet }
