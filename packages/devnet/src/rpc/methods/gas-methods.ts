import { shapes } from '@sealane/chain'
import { estimateLimit, estimateMessageGas, feeCapFor, premiumFor } from '../../gas/estimate-gas.js'
import type { Api } from '../api.js'
import { type Method, method } from '../method.js'
import { params } from '../param.js'

export function gasMethods({ node }: Api): Record<string, Method> {
  return {
    'Filecoin.GasEstimateMessageGas': method(
      'read',
      [params.message, params.sendSpec, params.tipSetKey],
      async (message, spec) => shapes.message.write(await estimateMessageGas(node, message, spec), 't'),
    ),
    'Filecoin.GasEstimateGasLimit': method('read', [params.message, params.tipSetKey], async (message) =>
      estimateLimit(node, message),
    ),
    'Filecoin.GasEstimateGasPremium': method(
      'read',
      [params.uint, params.address, params.int, params.tipSetKey],
      async (blocks) => (await premiumFor(node, Math.max(1, blocks))).toString(),
    ),
    'Filecoin.GasEstimateFeeCap': method(
      'read',
      [params.message, params.int, params.tipSetKey],
      (message, queueBlocks) => feeCapFor(node, message.gasPremium, queueBlocks).toString(),
    ),
  }
}
