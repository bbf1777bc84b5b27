import { dealFinal, dealInitial, dealTransitions } from './deal.js'
import { messageFinal, messageInitial, messageTransitions } from './message.js'
import { partitionFinal, partitionInitial, partitionTransitions } from './partition.js'
import { pieceFinal, pieceInitial, pieceTransitions } from './piece.js'
import { publicationFinal, publicationInitial, publicationTransitions } from './publication.js'
import { sectorFinal, sectorInitial, sectorTransitions } from './sector.js'
import { transferFinal, transferInitial, transferTransitions } from './transfer.js'
import type { Transitions } from './transitions.js'

export interface Life {
  owner: 'provider' | 'sealer' | 'miner'
  table: Transitions<string, string>
  initial: readonly string[]
  final: readonly string[]
}

/** Every thing that has a life, with the app that owns it. Diagrams and the trap checks walk this list. */
export const lives: Readonly<Record<string, Life>> = {
  deal: { owner: 'provider', table: dealTransitions, initial: dealInitial, final: dealFinal },
  transfer: { owner: 'provider', table: transferTransitions, initial: transferInitial, final: transferFinal },
  piece: { owner: 'sealer', table: pieceTransitions, initial: pieceInitial, final: pieceFinal },
  sector: { owner: 'sealer', table: sectorTransitions, initial: sectorInitial, final: sectorFinal },
  publication: {
    owner: 'miner',
    table: publicationTransitions,
    initial: publicationInitial,
    final: publicationFinal,
  },
  message: { owner: 'miner', table: messageTransitions, initial: messageInitial, final: messageFinal },
  partition: {
    owner: 'miner',
    table: partitionTransitions,
    initial: partitionInitial,
    final: partitionFinal,
  },
}
