/**
 * Owns what each conversation event of agentd means: pure, total, the same frame the same events. The event has the
 * number agentd gave it; a second fact of it has a key made from that number. Fields without a meaning here stay in the
 * payload under `agentd`, events without one are `foreign` by their name. SPEC A1, A3.
 */
import type { Json } from '../../core/entities.ts'
import type { RawEvent, StreamInfo } from '../../core/events.ts'
import { runLog } from '../../core/ids.ts'
import { isAgentdState, readTrigger, toEvent } from './states.ts'
import type { AgentdState, StateFact } from './states.ts'
import type { Fields, Frame } from './wire.ts'
import { isCount, isFields, stringIn, toEpochMs } from './wire.ts'

/** One agent's conversation: numbered from 1 without holes, and numbered on for as long as the agent is known. */
export const streamOf = (agentId: string): StreamInfo => ({
  id: `agentd:${agentId}`,
  contiguous: true,
  first: 1,
  kind: 'live',
})

/** The agent whose stream it is; null for streams of others. */
export const agentOf = (stream: string | null): string | null =>
  stream?.startsWith('agentd:') === true ? stream.slice('agentd:'.length) : null

interface Fact {
  type: string
  payload: { readonly [key: string]: unknown }
  /** A second fact of one event: what its position ends in. */
  as?: string
}

/** The facts of a kind of event, or null when its fields do not say what it should. */
type Rule = (fields: Fields, seq: number) => Reading | null

interface Reading {
  facts: readonly [Fact, ...Fact[]]
  /** What of the fields the facts hold, as it was there. */
  taken: Fields
}

/** `receivedAt` stands in for a time that is missing; it is no part of any identity. */
export function convert(
  agentId: string,
  frame: Extract<Frame, { kind: 'event' | 'broken' }>,
  receivedAt: number,
): readonly RawEvent[] {
  const { seq } = frame
  const log = runLog(agentId)
  if (frame.kind === 'broken') {
    // Refused by the decoder, with its reason; its place is taken all the same.
    return [{ log, type: 'foreign', payload: frame.raw, timestamp: receivedAt, position: seq }]
  }
  const { fields } = frame
  const timestamp = toEpochMs(fields['timestamp']) ?? toEpochMs(fields['created_at']) ?? receivedAt
  const owner = fields['agent_id'] ?? fields['agentId'] ?? agentId
  const name = stringIn(fields, 'type', 'event_type') ?? 'unnamed'
  const read = owner === agentId ? RULES.get(name.replace(/^agent:/, ''))?.(fields, seq) : null
  const facts = read
    ? withRest(read.facts, restOf(fields, read.taken))
    : [foreign(name, fields, owner === agentId)]
  // Whoever hears of an agent by its first event hears of a run.
  const registered: readonly Fact[] =
    seq === 1 ? [{ type: 'run.registered', payload: registrationOf(agentId), as: 'agent' }] : []
  return [...registered, ...facts].map(({ type, payload, as }) => ({
    log,
    type,
    payload,
    timestamp,
    position: as === undefined ? seq : `${seq}:${as}`,
  }))
}

/** What never changes of an agent: an announcement again is the same one. */
export const registrationOf = (agentId: string): { readonly [key: string]: unknown } => ({
  kind: 'background_agent',
  agentId,
  origin: { source: 'agentd' },
})

const prompted: Rule = (fields) => {
  const prompt = stringIn(fields, 'line', 'content')
  const moved = toEvent({ ...UNSAID, state: 'busy', trigger: 'prompt_received' })
  if (prompt === null) return { facts: [moved], taken: {} }
  return {
    facts: [moved, { type: 'run.observed', payload: { prompt }, as: 'prompt' }],
    taken: { line: prompt, content: prompt },
  }
}

/** A call is told of when it is made and never again: how it ended is not known, and it is not running for ever. */
const toolUsed: Rule = (fields) => {
  const inner = isFields(fields['metadata']) ? fields['metadata'] : {}
  const told = { ...inner, ...fields }
  const name = stringIn(told, 'tool_name')
  if (name === null) return null
  const label = stringIn(told, 'summary', 'content')?.slice(0, LABEL_CHARS)
  const input = told['tool_input']
  const payload = {
    callId: stringIn(told, 'tool_id'),
    name,
    status: 'unknown',
    ...(label !== undefined && { label }),
    ...(input !== undefined && { args: JSON.stringify(input) }),
  }
  return {
    facts: [{ type: 'tool.finished', payload }],
    taken: {
      tool_name: name,
      ...(input !== undefined && { tool_input: input }),
      ...(payload.callId !== null && { tool_id: payload.callId }),
      ...(label !== undefined && { summary: label, content: label }),
    },
  }
}

/** The end of a turn, not of the agent. */
const resulted: Rule = (fields) => {
  const meta = isFields(fields['metadata']) ? fields['metadata'] : {}
  const text = stringIn(fields, 'result_text', 'content') ?? stringIn(meta, 'result_text')
  const isError = (fields['is_error'] ?? meta['is_error']) === true
  const moved = toEvent({ ...UNSAID, state: 'idle', trigger: 'result_received' })
  if (text === null) return { facts: [moved], taken: {} }
  const payload = { name: isError ? 'error' : 'result', mediaType: 'text/markdown', content: text }
  // The text may be long, and is kept once.
  const { result_text: also, ...figures } = meta
  const isOnce = also === undefined || also === text
  return {
    facts: [
      { ...moved, payload: { ...moved.payload, figures } },
      { type: 'artifact.recorded', payload, as: 'result' },
    ],
    taken: { result_text: text, content: text, ...(isOnce && { metadata: meta }) },
  }
}

/** Figures of one turn; `result` carries the same ones and is not counted a second time. */
const used: Rule = (fields, seq) => {
  const usage = fields['usage'] ?? fields['metadata']
  if (!isFields(usage)) return null
  const count = (name: string): number | null => {
    const value = usage[name]
    return isCount(value) ? value : null
  }
  const cost = usage['total_cost_usd']
  const payload = {
    key: `turn:${seq}`,
    scope: 'own',
    inputTokens: count('input_tokens'),
    outputTokens: count('output_tokens'),
    cachedInputTokens: count('cache_read_input_tokens'),
    // agentd writes 0 where it was told no price.
    costUsd: typeof cost === 'number' && cost > 0 ? cost : null,
    costSource: 'estimated',
    // All of them, as they came: some have no field here.
    figures: usage,
  }
  return { facts: [{ type: 'usage.reported', payload }], taken: { usage, metadata: usage } }
}

/** A change of state, under whichever of its names: what the server sends is not what its own page listens for. */
const moved: Rule = (fields) => {
  const word = stringIn(fields, 'execution_state', 'to', 'state', 'activity', 'status', 'content')
  // The old `status` says that it runs, which is true of four states.
  if (!isAgentdState(word)) return null
  return { facts: [toEvent(readStateFact(word, fields))], taken: {} }
}

const cleared: Rule = () => ({ facts: [{ type: 'transcript.compacted', payload: {} }], taken: {} })

const RULES: ReadonlyMap<string, Rule> = new Map([
  ['prompt_sent', prompted],
  ['tool_use', toolUsed],
  ['result', resulted],
  ['usage_update', used],
  ['context_cleared', cleared],
  ...[
    'activity_changed',
    'activity_change',
    'status_changed',
    'status_change',
    'state_changed',
    'state_change',
    'execution_state_changed',
  ].map((name): [string, Rule] => [name, moved]),
])

const LABEL_CHARS = 500

const UNSAID = { from: null, trigger: null, exitCode: null, error: null } as const

export function readStateFact(state: AgentdState, fields: Fields): StateFact {
  const from = fields['from'] ?? fields['previous_state']
  const exitCode = fields['exit_code']
  return {
    state,
    from: isAgentdState(from) ? from : null,
    trigger: readTrigger(fields['trigger']),
    exitCode: typeof exitCode === 'number' && Number.isSafeInteger(exitCode) ? exitCode : null,
    error: stringIn(fields, 'error', 'reason')?.slice(0, TEXT_CHARS) ?? null,
  }
}

/** How the event was addressed is in its log, stream, position and time. */
const ENVELOPE = new Set(['frame', 'seq', 'type', 'event_type', 'agent_id', 'agentId', 'id'])

const isEnvelope = (name: string, value: Json): boolean =>
  name === 'timestamp' || name === 'created_at'
    ? toEpochMs(value) !== null
    : ENVELOPE.has(name) && typeof value !== 'object'

const restOf = (fields: Fields, taken: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) => !isEnvelope(name, value) && (!Object.hasOwn(taken, name) || taken[name] !== value),
    ),
  )

function withRest([first, ...others]: readonly [Fact, ...Fact[]], rest: Fields): readonly Fact[] {
  if (Object.keys(rest).length === 0) return [first, ...others]
  return [{ ...first, payload: { ...first.payload, agentd: shortened(rest) } }, ...others]
}

/**
 * Also what the agent prints and thinks: it is agentd's history, and here part of the run's. What is about another agent
 * is kept whole, and moves nothing.
 */
const foreign = (name: string, fields: Fields, isOwn: boolean): Fact => ({
  type: 'foreign',
  payload: { source: 'agentd', name, value: shortened(isOwn ? restOf(fields, {}) : fields) },
})

/** Characters of one text that stay in an event. */
const TEXT_CHARS = 8_000

/** Longer texts keep their beginning and say how long they were; an event that is too large as a whole is refused. */
function shortened(fields: Fields): Fields {
  const long = Object.entries(fields).filter(
    ([, value]) => typeof value === 'string' && value.length > TEXT_CHARS,
  )
  if (long.length === 0) return fields
  const cut = long.map(([name, value]) => [name, String(value).slice(0, TEXT_CHARS)])
  const lengths = long.map(([name, value]) => [name, String(value).length])
  return { ...fields, ...Object.fromEntries(cut), cutFrom: Object.fromEntries(lengths) }
}
