import type { Api } from './api.js'
import type { ChannelMethod, Method } from './method.js'
import { chainMethods } from './methods/chain-methods.js'
import { devnetMethods } from './methods/devnet-methods.js'
import { gasMethods } from './methods/gas-methods.js'
import { marketMethods } from './methods/market-methods.js'
import { mempoolCheckMethods } from './methods/mempool-check-methods.js'
import { mempoolChannels, mempoolMethods } from './methods/mempool-methods.js'
import { messageMethods } from './methods/message-methods.js'
import { minerMethods } from './methods/miner-methods.js'
import { miningMethods } from './methods/mining-methods.js'
import { nodeMethods } from './methods/node-methods.js'
import { randomnessMethods } from './methods/randomness-methods.js'
import { stateMethods } from './methods/state-methods.js'
import { walletMethods } from './methods/wallet-methods.js'

/** Everything that is called and answered. */
export function allMethods(api: Api): Record<string, Method> {
  return {
    ...nodeMethods(api),
    ...chainMethods(api),
    ...stateMethods(api),
    ...minerMethods(api),
    ...marketMethods(api),
    ...randomnessMethods(api),
    ...miningMethods(api),
    ...messageMethods(api),
    ...mempoolMethods(api),
    ...mempoolCheckMethods(api),
    ...gasMethods(api),
    ...walletMethods(api),
    ...devnetMethods(api),
  }
}

/** Everything that is subscribed to. */
export function allChannels(api: Api): Record<string, ChannelMethod> {
  return {
    'Filecoin.ChainNotify': { permission: 'read', params: [], open: (channel) => api.heads.open(channel) },
    ...mempoolChannels(api),
  }
}
