/**
 * Owns what the harness writes: a stream per log that is a function of seed, sequence and generation (the life
 * of the browser that wrote it), so that both sides know every byte without telling each other.
 */
import { prepare } from '../../src/core/content.ts'
import type { Prepared } from '../../src/core/content.ts'
import { decodeEvent } from '../../src/core/decode.ts'
import type { CommandState, RunCommand } from '../../src/core/commands.ts'
import type { RawEvent, StreamInfo } from '../../src/core/events.ts'
import { isRunLog } from '../../src/core/ids.ts'
import type { LogId } from '../../src/core/ids.ts'
import type { QuarantineEntry } from '../../src/ledger/copies.ts'

export const LOGS: readonly LogId[] = ['r:a', 'r:b', 'r:c', 'r:d', 'r:e', 'r:f', 'w:flow', 'w:side']

const START = Date.UTC(2026, 0, 1)

export interface Place {
  seed: number
  log: LogId
  sequence: number
  generation: number
}

/** One stream feeds one log: position and sequence are the same number. */
export const streamOf = (log: LogId): StreamInfo => ({
  id: `kill:${log}`,
  contiguous: true,
  first: 1,
  kind: 'live',
})

/** The event with its blobs, as the border lets it in. @throws Error when the border would refuse it. */
export function eventAt(place: Place): Prepared {
  const { log, sequence } = place
  const told = toldAt(place)
  const raw: RawEvent = { log, ...told, timestamp: START + sequence, position: sequence }
  const decoded = decodeEvent(raw, streamOf(log).id)
  if (decoded.kind !== 'event') throw new Error(`Not an event: ${JSON.stringify(decoded)}`)
  const result = prepare(decoded.event)
  if (!result.ok) throw new Error(result.reason)
  return result.prepared
}

export type Told = Pick<RawEvent, 'type' | 'payload'>

/** What happens there, whoever tells of it. */
export const toldAt = (place: Place): Told => (isRunLog(place.log) ? runEvent(place) : workflowEvent(place))

/** Attempts of twenty events: calls, a checkpoint and an end with its result, both kept as blobs. */
function runEvent(place: Place): Told {
  const { sequence } = place
  const step = sequence % 20
  const round = Math.floor(sequence / 2)
  const callId = `call-${round}`
  if (sequence === 1)
    return { type: 'run.registered', payload: { status: 'running', agentName: words(place, 20) } }
  if (step === 0) return ended('run.transitioned', place)
  if (step === 1) return { type: 'run.attempt_started', payload: { trigger: 'restart', status: 'running' } }
  if (step === 10) return { type: 'checkpoint.saved', payload: { state: words(place, 2_600) } }
  if (step === 15) {
    return { type: 'usage.reported', payload: { key: `u${step}`, scope: 'own', inputTokens: sequence } }
  }
  if (sequence % 2 === 0) {
    return { type: 'tool.started', payload: { callId, name: 'search', args: words(place, 150) } }
  }
  const output = words(place, 250)
  return { type: 'tool.finished', payload: { callId, name: 'search', status: 'completed', output } }
}

function workflowEvent(place: Place): Told {
  const { sequence } = place
  const step = sequence % 20
  const phase = `phase-${Math.floor(step / 4)}`
  if (sequence === 1) {
    return { type: 'workflow.registered', payload: { definitionId: 'kill', phases: [], status: 'running' } }
  }
  if (step === 0) return ended('workflow.transitioned', place)
  if (step === 1)
    return { type: 'workflow.attempt_started', payload: { trigger: 'restart', status: 'running' } }
  if (step % 4 === 2) return { type: 'phase.transitioned', payload: { phase, to: 'running' } }
  return { type: 'foreign', payload: { source: 'kill', name: 'note', value: { note: words(place, 200) } } }
}

const ended = (type: string, place: Place): Told => ({
  type,
  payload: { to: 'completed', trigger: 'result_received', summary: 'Done.', output: words(place, 3_000) },
})

/** What goes along with every fourth append: a refused input, and commands on their way from one state to the next. */
export interface Small {
  commands: readonly RunCommand[]
  quarantine: readonly QuarantineEntry[]
}

const STATES: readonly CommandState[] = ['sending', 'delivered', 'applied']

export function smallAt(generation: number, append: number): Small {
  if (append % 4 !== 0) return { commands: [], quarantine: [] }
  const number = append / 4
  const commands = STATES.flatMap((state, age) =>
    number > age ? commandOf(`${generation}-${number - age}`, state) : [],
  )
  return { commands, quarantine: [refusalOf(`${generation}-${number}`)] }
}

/** The command of that id, as it is in that state. */
export function commandOf(id: string, state: CommandState): RunCommand {
  const random = randomOf(hash(id))
  const settledAt = state === 'applied' ? START + 1 : null
  return {
    id,
    log: LOGS[random.below(LOGS.length)] ?? 'r:a',
    verb: 'answer',
    payload: { answer: `${id} ${random.below(2 ** 32)}` },
    idempotencyKey: id,
    attempt: 1,
    sender: 'the harness',
    state,
    createdAt: START,
    expiresAt: START + 1_000,
    settledAt,
    detail: null,
  }
}

/** The refused input of that id. */
export const refusalOf = (id: string): QuarantineEntry => ({
  id,
  stream: 'kill:refused',
  position: id,
  reason: 'position is neither a number nor a key',
  raw: JSON.stringify({ of: id, noise: randomOf(hash(id)).below(2 ** 32) }),
  at: START,
})

/** Text that does not compress to nothing, beginning with where it belongs. */
function words({ seed, log, sequence, generation }: Place, length: number): string {
  const random = randomOf(hash(`${seed}/${log}/${sequence}/${generation}`))
  let text = `${log}#${sequence} of ${generation}:`
  while (text.length < length) text += ` ${random.below(2 ** 32).toString(36)}`
  return text.slice(0, length)
}

export interface Random {
  /** An integer in [0, limit). */
  below(limit: number): number
}

/** The same numbers for the same seed (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed | 0
  return {
    below(limit) {
      state = (state + 0x6d2b79f5) | 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit)
    },
  }
}

/** FNV-1a, 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  return value >>> 0
}
