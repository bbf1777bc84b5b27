import { shapes } from '@sealane/chain'
import { networkVersion } from '../../node/network.js'
import { policy } from '../../vm/index.js'
import type { Api } from '../api.js'
import { type Method, method } from '../method.js'
import { params } from '../param.js'
import { isPermission } from '../permissions.js'
import { RpcFailure } from '../rpc-failure.js'

/** Lotus' v1 API today. Source: filecoin-project/lotus api/version.go (2.3.0). */
const apiVersion = 0x020300

/** Upgrades of nv28 lie behind, with the heights and the order of lotus' own 2k network; the next one is out of reach. */
const upgrades = {
  UpgradeSmokeHeight: -1,
  UpgradeBreezeHeight: -1,
  UpgradeIgnitionHeight: -2,
  UpgradeLiftoffHeight: -6,
  UpgradeAssemblyHeight: -5,
  UpgradeRefuelHeight: -3,
  UpgradeTapeHeight: -4,
  UpgradeKumquatHeight: -7,
  BreezeGasTampingDuration: 0,
  UpgradeCalicoHeight: -9,
  UpgradePersianHeight: -10,
  UpgradeOrangeHeight: -11,
  UpgradeClausHeight: -12,
  UpgradeTrustHeight: -13,
  UpgradeNorwegianHeight: -14,
  UpgradeTurboHeight: -15,
  UpgradeHyperdriveHeight: -16,
  UpgradeChocolateHeight: -17,
  UpgradeOhSnapHeight: -18,
  UpgradeSkyrHeight: -19,
  UpgradeSharkHeight: -20,
  UpgradeHyggeHeight: -21,
  UpgradeLightningHeight: -22,
  UpgradeThunderHeight: -23,
  UpgradeWatermelonHeight: -24,
  UpgradeDragonHeight: -25,
  UpgradePhoenixHeight: -26,
  UpgradeWaffleHeight: -27,
  UpgradeTuktukHeight: -28,
  UpgradeTeepHeight: -29,
  UpgradeTockHeight: -30,
  UpgradeGoldenWeekHeight: -31,
  UpgradeFireHorseHeight: -32,
  UpgradeXxHeight: 9_999_999,
}

/** Source: filecoin-project/lotus build/buildconstants/params_2k.go (Eip155ChainId). */
const eip155ChainId = 31_415_926

export function nodeMethods(api: Api): Record<string, Method> {
  const { node, tokens } = api
  return {
    'Filecoin.Version': method('read', [], () =>
      shapes.nodeVersion.write(
        {
          version: api.version,
          apiVersion,
          blockDelaySeconds: node.genesis.blockDelaySeconds,
          agent: api.agent,
        },
        't',
      ),
    ),
    'Filecoin.Session': method('read', [], () => api.session),
    'Filecoin.Shutdown': method('admin', [], () => {
      api.shutdown()
      return null
    }),
    'Filecoin.AuthVerify': method('read', [params.text], async (token) => {
      const allow = await tokens.verify(token)
      if (allow === undefined)
        throw new RpcFailure(1, 'JWT Verification failed: jwt: HMAC verification failed')
      return [...allow]
    }),
    'Filecoin.AuthNew': method('admin', [params.texts], async (wanted) => {
      const token = await tokens.issue(wanted.filter(isPermission))
      return Buffer.from(token).toString('base64')
    }),
    'Filecoin.StateNetworkName': method('read', [], () => node.genesis.networkName),
    'Filecoin.StateNetworkVersion': method('read', [params.tipSetKey], async (key) => {
      await node.ledger.tipSetBlock(key)
      return networkVersion
    }),
    'Filecoin.StateGetNetworkParams': method('read', [], () => ({
      NetworkName: node.genesis.networkName,
      BlockDelaySecs: node.genesis.blockDelaySeconds,
      ConsensusMinerMinPower: policy.minConsensusPower.toString(),
      PreCommitChallengeDelay: policy.preCommitChallengeDelay,
      ForkUpgradeParams: upgrades,
      Eip155ChainID: eip155ChainId,
      GenesisTimestamp: node.genesis.genesisTimestamp,
    })),
    'Filecoin.NodeStatus': method('read', [params.flag], () => ({
      SyncStatus: { Epoch: node.head.header.height, Behind: 0 },
      PeerStatus: { PeersToPublishMsgs: 0, PeersToPublishBlocks: 0 },
      ChainStatus: { BlocksPerTipsetLast100: 1, BlocksPerTipsetLastFinality: 1 },
    })),
    'Filecoin.SyncState': method('read', [], () => ({
      ActiveSyncs: [
        {
          WorkerID: 0,
          Base: null,
          Target: null,
          Stage: 0,
          Height: 0,
          Start: '0001-01-01T00:00:00Z',
          End: '0001-01-01T00:00:00Z',
          Message: '',
        },
      ],
      VMApplied: node.head.header.height,
    })),
    'Filecoin.NetPeers': method('read', [], () => []),
  }
}
