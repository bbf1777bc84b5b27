export const workspaceDirectory: string
export function cacheDirectory(): string
export function cpuFeatures(): string
export function buildNotePath(): string
export function builtAddon(): { file: string; rustc: string } | undefined
