/**
 * Owns how the worker's agents read documents: they ask the page, which has them on disk or, when the browser
 * refuses that, in memory. It shares the orchestrator's port; both sides ignore messages not their own.
 */
import type { ContentStore } from 'run-ledger'
import type { MessagePortLike, PortEvent } from 'run-ledger/orchestrator'

interface Request {
  appContent: 'get'
  id: number
  ref: string
}

interface Reply {
  appContent: 'text'
  id: number
  text: string | null
  error: string | null
}

/** The page's side. */
export function serveContent(port: MessagePortLike, content: ContentStore): void {
  async function reply({ id, ref }: Request): Promise<void> {
    const answer: Reply = { appContent: 'text', id, text: null, error: null }
    try {
      answer.text = await content.get(ref)
    } catch (error) {
      answer.error = error instanceof Error ? error.message : String(error)
    }
    port.postMessage(answer)
  }
  port.addEventListener('message', ({ data }: PortEvent) => {
    if (isMessage<Request>(data, 'get')) void reply(data)
  })
}

/** The worker's side. Agents only read: what they produce goes with their events. */
export function contentOfPage(port: MessagePortLike): ContentStore {
  const waiting = new Map<number, (reply: Reply) => void>()
  let requests = 0
  port.addEventListener('message', ({ data }: PortEvent) => {
    if (!isMessage<Reply>(data, 'text')) return
    waiting.get(data.id)?.(data)
    waiting.delete(data.id)
  })
  const readOnly = (): Promise<void> => Promise.reject(new Error('Agents cannot change documents.'))
  return {
    get: (ref) =>
      new Promise((resolve, reject) => {
        requests += 1
        waiting.set(requests, ({ text, error }) =>
          error === null ? resolve(text) : reject(new Error(error)),
        )
        port.postMessage({ appContent: 'get', id: requests, ref } satisfies Request)
      }),
    put: readOnly,
    delete: readOnly,
  }
}

/** Both ends are ours and of one build, so the tag says enough. */
function isMessage<Message extends Request | Reply>(
  data: unknown,
  tag: Message['appContent'],
): data is Message {
  return typeof data === 'object' && data !== null && 'appContent' in data && data.appContent === tag
}
