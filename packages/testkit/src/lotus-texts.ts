/** Names of exit codes as lotus prints them. Source: go-state-types exitcode/names.go. */
const exitNames: Readonly<Record<number, string>> = {
  5: 'SysErrInvalidReceiver',
  6: 'SysErrInsufficientFunds',
  16: 'ErrIllegalArgument',
  18: 'ErrForbidden',
  19: 'ErrInsufficientFunds',
  20: 'ErrIllegalState',
}

/** A gas estimate whose simulation failed. Recorded from lotus 1.36 (GasEstimateMessageGas on a 2k network). */
export function failureText(exitCode: number, why: string): string {
  const name = exitNames[exitCode]
  const shown = name === undefined ? String(exitCode) : `${name}(${exitCode})`
  return `message execution failed (exit=[${shown}], vm error=[${why}])`
}

/** attoFIL as lotus prints FIL in errors: `9.999984132286060804 FIL`. */
export function filText(atto: bigint): string {
  const digits = atto.toString().padStart(19, '0')
  const fraction = digits.slice(-18).replace(/0+$/, '')
  return `${digits.slice(0, -18)}${fraction === '' ? '' : `.${fraction}`} FIL`
}
