import { z } from 'zod'

/** lotus' own permission words; each includes the ones before it. */
export type Permission = 'read' | 'write' | 'sign' | 'admin'

export interface OperatorMethod<Params extends z.ZodType = z.ZodType, Result extends z.ZodType = z.ZodType> {
  permission: Permission
  params: Params
  result: Result
}

export type OperatorApi = Readonly<Record<string, OperatorMethod>>

/** What a caller passes, and what it gets back. */
export type ParamsOf<Method extends OperatorMethod> = z.input<Method['params']>
export type ResultOf<Method extends OperatorMethod> = z.output<Method['result']>

/** One handler for each method of a catalogue: forget one and it does not compile. */
export type OperatorHandlers<Api extends OperatorApi> = {
  [Name in keyof Api]: (params: z.output<Api[Name]['params']>) => Promise<z.input<Api[Name]['result']>>
}

/** Declares an operator API: method name → permission, parameter and result schema (JSON; bigints as decimal strings). */
export function operatorApi<const Api extends OperatorApi>(api: Api): Api {
  return api
}

/** Nothing in, or nothing out. */
export const nothing = z.object({})
