export { type NativeCrypto, useNativeCrypto } from './use-native-crypto.js'
