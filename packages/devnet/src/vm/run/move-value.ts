import { type AttoFil, addFil, subtractFil } from '@sealane/fil-units'

/** Moves value between balances. The caller has checked that the sender has it. */
export function moveValue(
  actors: { [id: number]: { balance: AttoFil } | undefined },
  from: number,
  to: number,
  value: AttoFil,
): void {
  const sender = actors[from]
  const receiver = actors[to]
  if (sender === undefined || receiver === undefined)
    throw new Error(`no actor ${from} or ${to} to move value between`)
  sender.balance = subtractFil(sender.balance, value)
  receiver.balance = addFil(receiver.balance, value)
}
