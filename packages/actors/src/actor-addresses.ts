import { type Address, idAddress } from './address.js'

// Singleton actors. Source: go-state-types builtin/singletons.go.
export const systemActor: Address = idAddress(0)
export const initActor: Address = idAddress(1)
export const rewardActor: Address = idAddress(2)
export const cronActor: Address = idAddress(3)
export const powerActor: Address = idAddress(4)
export const marketActor: Address = idAddress(5)
export const verifregActor: Address = idAddress(6)
export const datacapActor: Address = idAddress(7)
export const eamActor: Address = idAddress(10)
