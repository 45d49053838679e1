/**
 * Owns what the bench writes: a deterministic stream of events of about 400 bytes as JSON, half of them tool
 * events, interleaved over the runs it is told.
 */
import type { RawEvent } from './ledger.ts'

const START = Date.UTC(2026, 0, 1)
const TEXT_CHARS = 268
/** Much longer than what a compressor looks back, so that texts hardly repeat on disk. */
const POOL = words(2 ** 20)
const CYCLE = 8

/** The events of one run: it is registered, then works in cycles of eight events, four of them tool events. */
export function runEvent(run: string, thread: string, at: number, position: number): RawEvent {
  const base = { log: `r:${run}`, timestamp: START + position, position }
  const text = textOf(position)
  if (at === 0) {
    const payload = {
      kind: 'subagent',
      status: 'running',
      agentId: 'researcher',
      agentName: 'Researcher',
      parentThreadId: thread,
      prompt: text,
    }
    return { ...base, type: 'run.registered', payload }
  }
  const step = (at - 1) % CYCLE
  const callId = `call-${Math.floor((at - 1) / 4)}`
  switch (step) {
    case 0:
    case 4:
      return { ...base, type: 'tool.started', payload: { callId, name: 'search_documents', args: text } }
    case 2:
    case 6: {
      const payload = { callId, name: 'search_documents', status: 'completed', output: text, elapsedMs: 41 }
      return { ...base, type: 'tool.finished', payload }
    }
    case 5: {
      const figures = { inputTokens: 900 + at, outputTokens: 80 + at, cachedInputTokens: 512, costUsd: 0.25 }
      const payload = {
        key: `turn-${at % 3}`,
        scope: 'own',
        ...figures,
        model: 'model',
        provider: 'provider',
      }
      return { ...base, type: 'usage.reported', payload }
    }
    default:
      return { ...base, type: 'agent.message', payload: { role: 'assistant', part: at, text } }
  }
}

export function runEnded(run: string, position: number): RawEvent {
  const payload = {
    to: 'completed',
    trigger: 'result_received',
    summary: textOf(position),
  }
  return { log: `r:${run}`, type: 'run.transitioned', payload, timestamp: START + position, position }
}

export interface EventStream {
  next(count: number): RawEvent[]
}

/**
 * Endless: every call gives the next events of the same runs, one run after the other. `from`: events that each
 * run had before.
 */
export function eventStream(runs: number, from = 0): EventStream {
  let made = from * runs
  return {
    next: (count) =>
      Array.from({ length: count }, () => {
        const run = made % runs
        const at = Math.floor(made / runs)
        made += 1
        return runEvent(`bench-${run}`, `thread-${Math.floor(run / 5)}`, at, made)
      }),
  }
}

/** Mean size as JSON, bytes; the events are ASCII. */
export function meanBytes(events: readonly RawEvent[]): number {
  return events.reduce((sum, event) => sum + JSON.stringify(event).length, 0) / events.length
}

function textOf(position: number): string {
  const offset = (Math.imul(position, 2_654_435_761) >>> 0) % (POOL.length - TEXT_CHARS)
  return POOL.slice(offset, offset + TEXT_CHARS)
}

/** Text that compresses like text: words drawn from a small vocabulary. */
function words(length: number): string {
  let state = 42
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    // The low bits of such a generator repeat soon.
    return Math.floor((state / 2 ** 32) * limit)
  }
  const letter = (): string => String.fromCodePoint(97 + below(26))
  const vocabulary = Array.from({ length: 900 }, () => Array.from({ length: 2 + below(9) }, letter).join(''))
  let text = ''
  while (text.length < length) text += `${vocabulary[below(vocabulary.length)] ?? ''} `
  return text
}
