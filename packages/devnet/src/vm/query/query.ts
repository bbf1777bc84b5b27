import * as actorQueries from './actor-queries.js'
import * as economicsQueries from './economics-queries.js'
import * as marketQueries from './market-queries.js'
import * as minerQueries from './miner-queries.js'
import * as minerStateQuery from './miner-state-query.js'

/** Everything there is to ask of a state: pure functions, results named as Lotus names them, in camelCase. */
export const query = {
  ...actorQueries,
  ...economicsQueries,
  ...marketQueries,
  ...minerQueries,
  ...minerStateQuery,
} as const
