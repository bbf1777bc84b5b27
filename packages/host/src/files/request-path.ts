/** The decoded path of a request's URL, without its query; undefined when its escapes are not UTF-8. */
export function requestPathOf(url: string | undefined): string | undefined {
  try {
    return decodeURIComponent((url ?? '/').split('?')[0] ?? '/')
  } catch {
    return undefined
  }
}
