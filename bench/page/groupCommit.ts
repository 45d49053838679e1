/**
 * Owns the queue the bare stores share: what waits goes into the next transaction, up to a limit, a few
 * transactions in flight, an optional gap between them.
 */
import type { RawEvent } from './ledger.ts'
import type { Subject, Watcher } from './subject.ts'

export interface GroupCommit {
  limit: number
  inFlight: number
  /** Milliseconds from the first event that waits to its transaction. */
  gap: number
  /** Resolves when the events are durable. Called in order. */
  write(events: readonly RawEvent[]): Promise<void>
}

export function groupCommit({ limit, inFlight, gap, write }: GroupCommit, watcher: Watcher): Subject {
  let queue: RawEvent[] = []
  let head = 0
  let flying = 0
  let durable = 0
  let timer = false
  let failure: unknown = null
  let waiting: { resolve: () => void; reject: (reason: unknown) => void }[] = []

  function pump(): void {
    while (flying < inFlight && head < queue.length && failure === null) void send()
    if (flying === 0 && (failure !== null || head === queue.length)) settle()
  }

  async function send(): Promise<void> {
    const batch = queue.slice(head, head + limit)
    head += batch.length
    if (head > 50_000) {
      queue = queue.slice(head)
      head = 0
    }
    flying += 1
    const began = performance.now()
    try {
      await write(batch)
      watcher.commit(performance.now() - began)
      durable += batch.length
      watcher.durable(durable, 1)
    } catch (error) {
      failure = error
    }
    flying -= 1
    if (gap > 0 && waiting.length === 0) schedule()
    else pump()
  }

  function schedule(): void {
    if (timer || head === queue.length) return
    timer = true
    setTimeout(() => {
      timer = false
      pump()
    }, gap)
  }

  function settle(): void {
    const settled = waiting
    waiting = []
    for (const { resolve, reject } of settled) {
      if (failure === null) resolve()
      else reject(failure)
    }
  }

  return {
    take(events) {
      for (const event of events) queue.push(event)
      if (gap > 0) schedule()
      else pump()
    },
    idle: () =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ resolve, reject })
        pump()
      }),
    facts: () => ({}),
  }
}
