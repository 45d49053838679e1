/**
 * Owns how tool events change a run's tool calls, and which calls a record keeps. Calls are paired by
 * attempt + iteration + call id; a call without an id is paired with the oldest open one of its name.
 */
import type { ToolCall, ToolCallStatus } from './entities.ts'
import type { EventPayload } from './events.ts'
import type { Position } from './ids.ts'
import { toolCallKey } from './ids.ts'
import type { SettledStatusName } from './status.ts'

const SETTLED_KEPT = 20
/** Open at once. A source that never reports ends would grow the record for ever. */
const OPEN_KEPT = 200

export interface CallSite {
  attempt: number
  iteration: number
  /** The place of a call that is new. */
  ordinal: number
  timestamp: number
  /** With `position` the identity of a call whose source gives none. */
  stream: string
  position: Position
}

export function startCall(
  calls: readonly ToolCall[],
  payload: EventPayload<'tool.started'>,
  site: CallSite,
): ToolCall | null {
  const callId = payload.callId || identityOf(site)
  const iteration = payload.iteration ?? site.iteration
  if (isKept(calls, site.attempt, iteration, callId)) return null
  return {
    id: toolCallKey(site.attempt, iteration, callId),
    callId,
    attempt: site.attempt,
    iteration,
    ordinal: site.ordinal,
    name: payload.name,
    label: payload.label ?? null,
    ...(payload.detail != null && { detail: payload.detail }),
    effect: payload.effect ?? null,
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
  const callId = open?.callId ?? (payload.callId || identityOf(site))
  const iteration = open?.iteration ?? payload.iteration ?? site.iteration
  if (!started && payload.callId && isKept(calls, site.attempt, iteration, callId)) return null
  const output = payload.output ?? null
  const detail = payload.detail ?? open?.detail
  return {
    started,
    call: {
      id: open?.id ?? toolCallKey(site.attempt, iteration, callId),
      callId,
      attempt: site.attempt,
      iteration,
      ordinal: open?.ordinal ?? site.ordinal,
      name: open?.name ?? payload.name ?? 'unknown',
      label: payload.label ?? open?.label ?? null,
      ...(detail !== undefined && { detail }),
      effect: open?.effect ?? null,
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

/** The order calls were issued in; of one moment, as their owner told them. A record keeps open ones first. */
export const byIssue = (a: ToolCall, b: ToolCall): number =>
  a.startedAt - b.startedAt || a.ordinal - b.ordinal

/** What a run's end says about calls that never reported theirs. */
export function abandoned(calls: readonly ToolCall[], settled: SettledStatusName): readonly ToolCall[] {
  const status: ToolCallStatus =
    settled === 'completed' ? 'unknown' : settled === 'cancelled' ? 'cancelled' : 'interrupted'
  return calls
    .filter((call) => call.status === 'running')
    .map((call) => ({ ...call, status, inferred: true }))
}

/** The oldest open call, given up to make room for one more; null while there is room. */
export function giveUpOldest(calls: readonly ToolCall[]): ToolCall | null {
  const [oldest] = calls
  if (oldest === undefined || openCount(calls) < OPEN_KEPT) return null
  return { ...oldest, status: 'unknown', inferred: true }
}

/** Puts a call in its place, open ones first, and lets the oldest settled one go when there are too many. */
export function keepCall(calls: ToolCall[], call: ToolCall): void {
  const known = calls.findIndex((each) => each.id === call.id)
  if (known !== -1) calls.splice(known, 1)
  const open = openCount(calls)
  if (call.status === 'running') {
    calls.splice(open, 0, call)
    return
  }
  calls.push(call)
  if (calls.length - open > SETTLED_KEPT) calls.splice(open, 1)
}

/** Open calls come first, so it is also where the settled ones begin. */
function openCount(calls: readonly ToolCall[]): number {
  const settled = calls.findIndex((call) => call.status !== 'running')
  return settled === -1 ? calls.length : settled
}

/** The call an end belongs to: the oldest of its name or id that is open, the present iteration first. */
function findOpen(
  calls: readonly ToolCall[],
  { callId, name, iteration }: EventPayload<'tool.finished'>,
  site: CallSite,
): ToolCall | undefined {
  // Call ids repeat between iterations: the end belongs to the present one, unless it says otherwise.
  const wanted = iteration ?? (callId ? site.iteration : null)
  let elsewhere: ToolCall | undefined
  for (const call of calls) {
    // What we closed ourselves is still open for the owner's word.
    if ((call.status !== 'running' && !call.inferred) || call.attempt !== site.attempt) continue
    if (callId ? call.callId !== callId : call.name !== name) continue
    if (wanted === null || call.iteration === wanted) return call
    if (iteration === undefined) elsewhere ??= call
  }
  return elsewhere
}

const isKept = (calls: readonly ToolCall[], attempt: number, iteration: number, callId: string): boolean =>
  calls.some((call) => call.callId === callId && call.iteration === iteration && call.attempt === attempt)

const identityOf = ({ stream, position }: CallSite): string => `${stream}:${position}`
