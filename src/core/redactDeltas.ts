/**
 * Owns redaction of live pieces: a secret cut over several of them is found in the joined end of its channel.
 * A channel is a run's prose, its thinking, or the arguments of one call.
 */
import type { SourceEvent, TransientEvent } from './events.ts'
import type { LogId } from './ids.ts'
import { redactId } from './redact.ts'
import type { Redaction } from './redaction.ts'
import { createLiveText } from './redactLive.ts'
import type { LiveText } from './redactLive.ts'
import { isSettled } from './status.ts'

/** Runs, and channels of one run, that are remembered: those heard last. What was held of others is not shown. */
const RUNS_KEPT = 500
const CHANNELS_KEPT = 64

type Delta = Extract<TransientEvent, { type: 'text.delta' | 'args.delta' }>

interface Channel {
  text: LiveText
  last: Delta
}

export interface DeltaRedaction {
  /** The piece as it may be shown; null when there is nothing to show of it yet. @throws what `redact` throws. */
  live(event: TransientEvent): TransientEvent | null
  /** An event as it is accepted. When its run waits, ends or begins again: what was held back of its prose. */
  after(event: SourceEvent): readonly TransientEvent[]
}

export function createDeltaRedaction(redaction: Redaction): DeltaRedaction {
  const { capture, redact } = redaction
  const runs = new Map<LogId, Map<string, Channel>>()

  function channelOf(event: Delta): Channel {
    const log = redaction.log(event.log)
    const channels = runs.get(log) ?? new Map<string, Channel>()
    setNewest(runs, log, channels, RUNS_KEPT)
    const name = event.type === 'args.delta' ? `args ${event.payload.callId}` : event.payload.kind
    const channel = channels.get(name) ?? { text: createLiveText(redact), last: event }
    setNewest(channels, name, channel, CHANNELS_KEPT)
    channel.last = event
    return channel
  }

  return {
    live(event) {
      if (capture === 'full') return event
      if (event.type === 'heartbeat') return { ...event, ...redactedPlace(event, redaction) }
      if (capture === 'none') return null
      const text = channelOf(event).text.push(event.payload.text)
      return text === '' ? null : withText(event, text, redaction)
    },

    after(event) {
      const channels = runs.get(event.log)
      const isTurn = event.type === 'run.transitioned' || event.type === 'run.attempt_started'
      if (channels === undefined || !isTurn) return []
      runs.delete(event.log)
      // Prose ends with its run, and so does what was held back of it.
      if (event.type !== 'run.transitioned' || isSettled(event.payload.to)) return []
      return [...channels.values()].flatMap(({ text, last }) => {
        const rest = text.end()
        return rest === '' ? [] : [withText(last, rest, redaction)]
      })
    },
  }
}

function withText(event: Delta, text: string, redaction: Redaction): TransientEvent {
  const place = redactedPlace(event, redaction)
  return event.type === 'text.delta'
    ? { ...event, ...place, payload: { ...event.payload, text } }
    : { ...event, ...place, payload: { callId: redactId(event.payload.callId, redaction.redact), text } }
}

function redactedPlace({ log, position, stream }: TransientEvent, redaction: Redaction) {
  return {
    log: redaction.log(log),
    position: redaction.position(position),
    stream: redaction.id(stream),
  }
}

/** Whoever spoke last is the last to be forgotten. */
function setNewest<Key, Value>(table: Map<Key, Value>, key: Key, value: Value, kept: number): void {
  table.delete(key)
  table.set(key, value)
  if (table.size <= kept) return
  const [oldest] = table.keys()
  if (oldest !== undefined) table.delete(oldest)
}
