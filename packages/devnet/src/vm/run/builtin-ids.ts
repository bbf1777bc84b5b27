/** Actor ids of the built-in actors. Source: filecoin-project/go-state-types builtin/singletons.go. */
export const systemActor = 0
export const initActor = 1
export const rewardActor = 2
export const cronActor = 3
export const powerActor = 4
export const marketActor = 5
export const verifregActor = 6
export const datacapActor = 7
export const burntFundsActor = 99
/** The account of the faucet, made at genesis. */
export const faucetActor = 100
/** The first id given to what is created later. */
export const firstFreeActor = 1000
