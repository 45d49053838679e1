/**
 * Owns one agent's connection: subscribes from where its events are durable, hands over what comes, and connects again
 * when it ends, at once when the server says it skipped something, else later each time. SPEC W1.
 */
import type { Clock, SourceSink } from '../../core/ports.ts'
import { convert, streamOf } from './convert.ts'
import { readFrame } from './wire.ts'
import type { Frame } from './wire.ts'

/** The part of a WebSocket that is used: the browser's, Node's, or that of `ws`. */
export interface WebSocketLike {
  send(text: string): void
  close(): void
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
}

export interface FollowOptions {
  agentId: string
  open: () => WebSocketLike
  sink: SourceSink
  clock: Clock
  /** Milliseconds before each next attempt; the last one repeats. */
  backoff: readonly number[]
  /** Ends with the history, for agents of which no more is coming. */
  once: boolean
  /** Null: all it had up to now has come. Else why it is not there. */
  heard: (trouble: string | null) => void
}

/** Gives back how to end it. */
export function followAgent(options: FollowOptions): () => void {
  const { agentId, open, sink, clock, backoff, once, heard } = options
  const stream = streamOf(agentId)
  let ended = false
  let failures = 0
  /** Connections since the last event that was new. */
  let vain = 0
  let cancelWait = (): void => {}
  let hangUp = (): void => {}

  function again(trouble: string | null): void {
    if (ended) return
    hangUp()
    // What was skipped is fetched at once; a server that says so again and again brings nothing by it.
    const tries = trouble === null ? vain - 1 : failures
    const wait = tries < 0 ? 0 : (backoff[Math.min(tries, backoff.length - 1)] ?? 0)
    vain += 1
    if (trouble !== null) {
      failures += 1
      heard(trouble)
    }
    cancelWait = clock.setTimeout(() => void start(), wait)
  }

  async function start(): Promise<void> {
    try {
      // Committed with the events: what was received and not written yet is asked for again.
      const since = (await sink.position(stream.id)) ?? 0
      if (!ended) listen(open(), since)
    } catch (error) {
      again(`Agent ${agentId} cannot be followed: ${error instanceof Error ? error.message : String(error)}.`)
    }
  }

  function listen(socket: WebSocketLike, since: number): void {
    let current = true
    let latest = since
    let isLive = false
    let trouble = `The connection to agent ${agentId} was lost.`
    hangUp = () => {
      current = false
      hangUp = () => {}
      socket.close()
    }
    const lost = (): void => {
      if (current) again(trouble)
    }

    function take(frame: Frame): void {
      switch (frame.kind) {
        case 'begin':
          if (frame.cursor !== null && frame.cursor < since) again(shrunk(since, frame.cursor))
          return
        case 'event':
        case 'broken':
          // What is missing live is in the history; what is missing there is nowhere.
          if (isLive && frame.seq > latest + 1) {
            again(null)
            return
          }
          if (frame.seq > latest) vain = 0
          latest = Math.max(latest, frame.seq)
          sink.receive(stream, convert(agentId, frame, clock.now()))
          return
        case 'end':
          isLive = true
          failures = 0
          if (once) end()
          heard(null)
          return
        case 'gap':
          again(null)
          return
        case 'error':
          trouble = `agentd refused to stream agent ${agentId}: ${frame.message}.`
          return
        case 'unreadable':
          // Without a place in the stream: put aside with what it says.
          sink.receive(stream, [frame.raw])
      }
    }

    socket.addEventListener('open', () => {
      if (current) socket.send(JSON.stringify({ frame: 'subscribe', since_seq: since }))
    })
    socket.addEventListener('close', lost)
    socket.addEventListener('error', lost)
    socket.addEventListener('message', ({ data }) => {
      if (current) take(readFrame(data))
    })
  }

  const shrunk = (here: number, there: number): string =>
    `agentd has ${there} events of agent ${agentId} where ${here} are kept here: its history was deleted or replaced, and cannot be followed.`

  function end(): void {
    ended = true
    cancelWait()
    hangUp()
  }

  void start()
  return end
}
