/**
 * Owns how tool events change a run's tool calls, and which calls a record keeps. Calls are paired by
 * attempt + iteration + call id; a call without an id is paired with the oldest open one of its name.
 */
import type { ToolCall, ToolCallStatus } from './entities.ts'
import type { EventPayload } from './events.ts'
import { toolCallKey } from './ids.ts'
import type { SettledStatusName } from './status.ts'

const SETTLED_KEPT = 20
/** Open at once. A source that never reports ends would grow the record for ever. */
const OPEN_KEPT = 200

export interface CallSite {
  attempt: number
  iteration: number
  timestamp: number
  /** Identity for calls whose source gives none. */
  identity: string
}

export function startCall(
  calls: readonly ToolCall[],
  payload: EventPayload<'tool.started'>,
  site: CallSite,
): ToolCall | null {
  const callId = payload.callId || site.identity
  const iteration = payload.iteration ?? site.iteration
  const id = toolCallKey(site.attempt, iteration, callId)
  if (calls.some((call) => call.id === id)) return null
  return {
    id,
    callId,
    attempt: site.attempt,
    iteration,
    name: payload.name,
    label: payload.label ?? null,
    status: 'running',
    inferred: false,
    args: payload.args ?? null,
    output: null,
    failure: null,
    startedAt: site.timestamp,
    elapsedMs: null,
    outputChars: null,
  }
}

export function finishCall(
  calls: readonly ToolCall[],
  payload: EventPayload<'tool.finished'>,
  site: CallSite,
): { call: ToolCall; started: boolean } | null {
  const open = findOpen(calls, payload, site)
  const started = open !== undefined
  if (!started && isAlreadySettled(calls, payload, site)) return null
  const callId = open?.callId ?? (payload.callId || site.identity)
  const iteration = open?.iteration ?? payload.iteration ?? site.iteration
  const output = payload.output ?? null
  return {
    started,
    call: {
      id: open?.id ?? toolCallKey(site.attempt, iteration, callId),
      callId,
      attempt: site.attempt,
      iteration,
      name: open?.name ?? payload.name ?? 'unknown',
      label: payload.label ?? open?.label ?? null,
      status: payload.status,
      inferred: false,
      args: payload.args ?? open?.args ?? null,
      output,
      failure: payload.failure ?? null,
      startedAt: open?.startedAt ?? site.timestamp,
      elapsedMs: payload.elapsedMs ?? (open ? Math.max(0, site.timestamp - open.startedAt) : null),
      outputChars: payload.outputChars ?? output?.chars ?? null,
    },
  }
}

/** What a run's end says about calls that never reported theirs. */
export function abandonCalls(calls: readonly ToolCall[], settled: SettledStatusName): readonly ToolCall[] {
  const status: ToolCallStatus =
    settled === 'completed' ? 'unknown' : settled === 'cancelled' ? 'cancelled' : 'interrupted'
  return calls
    .filter((call) => call.status === 'running')
    .map((call) => ({ ...call, status, inferred: true }))
}

/** The oldest open call, given up to make room for one more; null while there is room. */
export function giveUpOldest(calls: readonly ToolCall[]): ToolCall | null {
  const [oldest] = calls
  const open = calls.findIndex((call) => call.status !== 'running')
  if (oldest === undefined || (open === -1 ? calls.length : open) < OPEN_KEPT) return null
  return { ...oldest, status: 'unknown', inferred: true }
}

/** Puts a call in its place, open ones first, and lets the oldest settled one go when there are too many. */
export function keepCall(calls: readonly ToolCall[], call: ToolCall): readonly ToolCall[] {
  const next = calls.filter((each) => each.id !== call.id)
  const firstSettled = next.findIndex((each) => each.status !== 'running')
  const open = firstSettled === -1 ? next.length : firstSettled
  if (call.status === 'running') {
    next.splice(open, 0, call)
    return next
  }
  next.push(call)
  if (next.length - open > SETTLED_KEPT) next.splice(open, 1)
  return next
}

function findOpen(
  calls: readonly ToolCall[],
  payload: EventPayload<'tool.finished'>,
  site: CallSite,
): ToolCall | undefined {
  // What we closed ourselves is still open for the owner's word.
  const candidates = calls.filter(
    (call) => (call.status === 'running' || call.inferred) && call.attempt === site.attempt,
  )
  if (payload.callId) {
    // Call ids repeat between iterations: the end belongs to the present one, unless it says otherwise.
    const named = candidates.filter((call) => call.callId === payload.callId)
    const iteration = payload.iteration ?? site.iteration
    const here = named.find((call) => call.iteration === iteration)
    return here ?? (payload.iteration === undefined ? named[0] : undefined)
  }
  return candidates.find(
    (call) =>
      call.name === payload.name && (payload.iteration === undefined || call.iteration === payload.iteration),
  )
}

function isAlreadySettled(
  calls: readonly ToolCall[],
  payload: EventPayload<'tool.finished'>,
  site: CallSite,
): boolean {
  if (!payload.callId) return false
  const iteration = payload.iteration ?? site.iteration
  const id = toolCallKey(site.attempt, iteration, payload.callId)
  return calls.some((call) => call.id === id)
}
