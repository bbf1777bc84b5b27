import { parseAddress, signerOf } from '@sealane/actors'
import { type Json, shapes } from '@sealane/chain'
import { importKey, verify } from '@sealane/crypto'
import { LedgerError } from '../../ledger/ledger-error.js'
import { shown } from '../../node/network.js'
import { query } from '../../vm/index.js'
import type { Api } from '../api.js'
import { type Method, method } from '../method.js'
import { params } from '../param.js'

export function walletMethods({ node, random }: Api): Record<string, Method> {
  const { wallet } = node
  return {
    'Filecoin.WalletNew': method('write', [params.text], async (type) => {
      if (type !== 'bls' && type !== 'secp256k1') throw new LedgerError(`unknown sig type: ${type}`)
      return shown(await wallet.create(type, random(32)))
    }),
    'Filecoin.WalletList': method('write', [], () => wallet.list().map(shown)),
    'Filecoin.WalletHas': method('write', [params.address], (address) => wallet.has(address)),
    'Filecoin.WalletDefaultAddress': method('write', [], () => shown(node.faucet)),
    'Filecoin.WalletBalance': method('read', [params.address], async (address) => {
      const actor = query.actor(await node.ledger.stateAt(node.head), address)
      return (actor?.balance ?? 0n).toString()
    }),
    'Filecoin.WalletSign': method('sign', [params.address, params.bytes], (address, bytes) =>
      shapes.signature.write(wallet.sign(address, bytes), 't'),
    ),
    'Filecoin.WalletSignMessage': method('sign', [params.address, params.message], (address, message) =>
      shapes.signedMessage.write(wallet.signMessage(address, message), 't'),
    ),
    'Filecoin.WalletVerify': method(
      'read',
      [params.address, params.bytes, params.signature],
      async (address, bytes, signature) => {
        const key = query.accountKey(await node.latest(), address) ?? address
        return verify(signature, signerOf(key), bytes)
      },
    ),
    'Filecoin.WalletValidateAddress': method('read', [params.text], (text) => shown(parseAddress(text))),
    'Filecoin.WalletExport': method('admin', [params.address], (address) => {
      const { type, privateKey } = wallet.key(address)
      return { Type: type, PrivateKey: Buffer.from(privateKey).toString('base64') }
    }),
    'Filecoin.WalletImport': method('admin', [params.json], async (json) =>
      shown(await wallet.import(keyText(json))),
    ),
    'Filecoin.WalletDelete': method('admin', [params.address], async (address) => {
      await wallet.delete(address)
      return null
    }),
  }
}

/** A KeyInfo object as the text that keys are imported from. @throws CryptoError */
function keyText(json: Json): string {
  const text = JSON.stringify(json)
  importKey(text)
  return text
}
