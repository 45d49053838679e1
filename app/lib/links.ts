/** Owns the addresses of the app's pages. */
export const runsHref = '/'
export const threadsHref = '/threads'
export const inboxHref = '/inbox'
export const storageHref = '/storage'
export const workflowHref = (id: string): string => `/workflows/${encodeURIComponent(id)}`
export const runHref = (id: string): string => `/runs/${encodeURIComponent(id)}`
export const threadHref = (id: string): string => `/threads/${encodeURIComponent(id)}`

/** The conversation an address is about, before any router runs. */
export function threadInPath(path: string): string | null {
  const [, encoded] = /^\/threads\/([^/]+)\/?$/.exec(path) ?? []
  if (encoded === undefined) return null
  try {
    return decodeURIComponent(encoded)
  } catch {
    return null
  }
}
