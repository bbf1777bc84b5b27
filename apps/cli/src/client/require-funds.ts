import { type Address, formatAddress } from '@sealane/actors'
import type { ChainPort } from '@sealane/chain'
import { type AttoFil, formatFil } from '@sealane/fil-units'
import { CliError } from '../cli-error.js'

/** Throws CliError NO_FUNDS unless the address has more than `value`: gas costs a little too. `prefix`: the network's, f or t. */
export async function requireFunds(
  chain: ChainPort,
  address: Address,
  value: AttoFil,
  prefix: 'f' | 't',
): Promise<void> {
  const balance = await chain.walletBalance(address)
  if (balance > value) return
  const shown = formatAddress(address, prefix)
  throw new CliError(
    { code: 'NO_FUNDS', address: shown, has: String(balance), needs: String(value) },
    `${shown} has ${formatFil(balance)}, not ${formatFil(value)} and a little for gas: send it money ("sealane devnet fund ${shown} 10" on the devnet)`,
  )
}
