/**
 * Owns which agents are followed, and what is told of it as one status: the first trouble there is, or that everything
 * up to now has come. Agents that ended are read once, one after the other.
 */
import type { Clock, SourceSink } from '../../core/ports.ts'
import { followAgent } from './stream.ts'
import type { WebSocketLike } from './stream.ts'

export interface FollowedOptions {
  connect: (agentId: string) => WebSocketLike | string
  sink: SourceSink
  clock: Clock
  backoff?: readonly number[] | undefined
}

export interface Followed {
  /** `once`: only its history, for an agent of which no more is coming. */
  follow(agentId: string, once: boolean): void
  unfollow(agentId: string): void
  ids(): readonly string[]
  /** It is followed, and everything up to now has come. */
  isComplete(agentId: string): boolean
  /** What the lists have to say of themselves; null when they were read. */
  lists(trouble: string | null): void
  end(): void
}

const BACKOFF = [250, 500, 1_000, 2_000, 5_000, 10_000, 30_000] as const

export function createFollowed({ connect, sink, clock, backoff = BACKOFF }: FollowedOptions): Followed {
  const followed = new Map<string, { end: () => void; once: boolean }>()
  const troubles = new Map<string, string>()
  /** Asked for, and not yet complete. */
  const waiting = new Set<string>()
  let histories: string[] = []
  let reading: string | null = null
  let listTrouble: string | null = null
  let told = ''

  function tell(): void {
    const [trouble = listTrouble] = troubles.values()
    const state = trouble !== null ? 'disconnected' : waiting.size > 0 ? 'connecting' : 'connected'
    const key = `${state} ${trouble}`
    if (told !== key) sink.status({ state, error: trouble })
    told = key
  }

  function start(agentId: string, once: boolean): void {
    const end = followAgent({
      agentId,
      open: () => socketOf(connect(agentId)),
      sink,
      clock,
      backoff,
      once,
      heard(trouble) {
        waiting.delete(agentId)
        if (trouble === null) troubles.delete(agentId)
        else troubles.set(agentId, trouble)
        if (reading === agentId) readNext()
        tell()
      },
    })
    followed.set(agentId, { end, once })
  }

  function readNext(): void {
    reading = histories.shift() ?? null
    if (reading !== null) start(reading, true)
  }

  function unfollow(agentId: string): void {
    followed.get(agentId)?.end()
    followed.delete(agentId)
    histories = histories.filter((each) => each !== agentId)
    troubles.delete(agentId)
    waiting.delete(agentId)
    if (reading === agentId) readNext()
  }

  return {
    follow(agentId, once) {
      const before = followed.get(agentId)
      if (before !== undefined ? once || !before.once : once && histories.includes(agentId)) return
      unfollow(agentId)
      waiting.add(agentId)
      if (!once) {
        start(agentId, false)
        return
      }
      histories.push(agentId)
      if (reading === null) readNext()
    },
    unfollow,
    ids: () => [...new Set([...followed.keys(), ...histories])],
    isComplete: (agentId) => followed.has(agentId) && !waiting.has(agentId) && !troubles.has(agentId),
    lists(trouble) {
      listTrouble = trouble
      tell()
    },
    end() {
      histories = []
      for (const agentId of followed.keys()) unfollow(agentId)
    },
  }
}

const socketOf = (socket: WebSocketLike | string): WebSocketLike =>
  typeof socket === 'string' ? new WebSocket(socket) : socket
