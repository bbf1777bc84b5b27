/** What a token may do, weakest first; each holds those before it. Source: filecoin-project/lotus api/permissioned.go. */
export const permissions = ['read', 'write', 'sign', 'admin'] as const
export type Permission = (typeof permissions)[number]

export function isPermission(text: unknown): text is Permission {
  return permissions.some((permission) => permission === text)
}
