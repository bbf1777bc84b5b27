import type { ActorState } from '@sealane/chain'
import { formatFil } from '@sealane/fil-units'

/** `state get-actor`. `kind`: `fil/18/storageminer`, when the node can say. Source: filecoin-project/lotus cli/state.go, as recorded. */
export function actorStateText(address: string, actor: ActorState, kind: string | undefined): string {
  return [
    `Address:\t${address}`,
    `Balance:\t${formatFil(actor.balance)}`,
    `Nonce:\t\t${actor.nonce}`,
    `Code:\t\t${actor.code}${kind === undefined ? '' : ` (${kind})`}`,
    `Head:\t\t${actor.head}`,
    ...(actor.delegatedAddress === undefined ? [] : [`Delegated address:\t\t${actor.delegatedAddress}`]),
    '',
  ].join('\n')
}
