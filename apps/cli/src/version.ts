/** Of this command; the workspace has one version. */
export const version = '0.1.0'
