import { Command } from 'commander'
import { parseUpOptions, type RawUpOptions } from './up-options.js'

/** `sealane up`: what `npm start` runs. */
export function upCommand(): Command {
  return new Command('up')
    .description(
      'Run the whole stack on an embedded chain, make a deal for a file and watch it until it is proven.',
    )
    .option('--file <PATH>', 'the file to store (default: a text of this repository)')
    .option(
      '--car',
      'the file must be a CAR: every block is checked against its CID first; its bytes are stored as they are',
    )
    .option(
      '--sector-size <SIZE>',
      '2KiB or 8MiB (default: the smallest of the network that takes the file in one deal)',
    )
    .option('--deals <N>', 'make N deals (1–64)')
    .option('--workers <N>', 'sealing workers, each with a storage path of its own', '1')
    .option('--deal-concurrent <N>', 'deal sectors in flight at most', '2')
    .option(
      '--prover <KIND>',
      'real, or trapdoor: milliseconds in place of a minute, development networks only',
      'real',
    )
    .option(
      '--chain <FULLNODE_API_INFO>',
      'another lotus chain (calibration, a 2k network) in place of the embedded one: TOKEN:ADDRESS, as "lotus auth api-info --perm admin" prints it',
    )
    .option(
      '--key <FILE>',
      'with --chain: a funded key from "lotus wallet export"; it owns the miner and pays',
    )
    .option(
      '--params <DIR>',
      'with --chain: the network’s proof parameters (default on calibration: /var/tmp/filecoin-proof-parameters)',
    )
    .option('--once', 'exit after the last deal is proven; non-zero with one plain reason if it could not')
    .option('--timeout <TIME>', 'give up after so many seconds, or a duration such as 15m')
    .option('--fresh', 'begin with a new state; the old one is moved to the trash')
    .option('--json', 'one JSON object a line on stdout for each change')
    .action(async (raw: RawUpOptions) => {
      const { up } = await import('./up.js')
      process.exitCode = await up(parseUpOptions(raw))
      // Sockets to the stack may still be open; everything durable is done.
      process.exit()
    })
}
