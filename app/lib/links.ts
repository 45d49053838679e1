/** Owns the addresses of the app's pages. */
export const runsHref = '/'
export const threadsHref = '/threads'
export const inboxHref = '/inbox'
export const storageHref = '/storage'
export const workflowHref = (id: string): string => `/workflows/${encodeURIComponent(id)}`
export const runHref = (id: string): string => `/runs/${encodeURIComponent(id)}`
export const threadHref = (id: string): string => `/threads/${encodeURIComponent(id)}`

/** The id in the address of a page. The router's own reading leaves the likes of `%3A` as they are. */
export function idInPath(path: string): string | null {
  const encoded = path.split('/')[2] ?? ''
  try {
    return encoded === '' ? null : decodeURIComponent(encoded)
  } catch {
    return null
  }
}

/** The conversation an address is about, before any router runs. */
export const threadInPath = (path: string): string | null =>
  /^\/threads\/[^/]+\/?$/.test(path) ? idInPath(path) : null
