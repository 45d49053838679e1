/**
 * Owns tool calls of a session: calls, their updates, candidates that were retracted, and arguments that came
 * in a thousand pieces. harn-agentd A5.
 */
import type { Json } from '../../core/entities.ts'
import type { Fact, OpenCall, SessionState } from './sessionState.ts'
import { asLine } from './sessionState.ts'

interface Call {
  tool_call_id: string
  tool_name: string
  kind?: string | null | undefined
  status: string
  raw_input?: Json | undefined
  parsing?: boolean | null | undefined
}

interface Update extends Call {
  raw_output?: Json | undefined
  error?: string | null | undefined
  duration_ms?: number | null | undefined
  raw_input_partial?: string | null | undefined
}

export function startTool(event: Call, session: SessionState): readonly Fact[] {
  const { tool_call_id: id, tool_name: name, status, parsing } = event
  const args = written(event.raw_input)
  const call: OpenCall = { name, candidate: parsing === true, started: false, args, nextSize: 1 }
  session.calls.set(id, call)
  // Prose that looks like a call is none yet: no row of it, the event is kept.
  if (call.candidate) return []
  const started = start(id, call, event.kind)
  return isEnd(status) ? [started, finish(event, call)] : [started]
}

export function updateTool(event: Update, session: SessionState): readonly Fact[] {
  const { tool_call_id: id, tool_name: name, status, parsing } = event
  const call = session.calls.get(id) ?? { name, candidate: false, started: false, args: null, nextSize: 1 }
  session.calls.set(id, call)
  if (call.candidate && parsing === false) {
    call.candidate = false
    if (isEnd(status)) {
      // It turned out to be prose: the call never was.
      session.calls.delete(id)
      return []
    }
    return [start(id, call, event.kind)]
  }
  const args = written(event.raw_input) ?? asText(event.raw_input_partial)
  const isStream = args !== null && !isEnd(status)
  const kept = isStream ? keeps(call, args) : true
  call.args = args ?? call.args
  if (call.candidate) return []
  if (isEnd(status)) {
    const ends = finish(event, call)
    session.calls.delete(id)
    return call.started ? [ends] : [start(id, call, event.kind), ends]
  }
  if (!call.started) return [start(id, call, event.kind)]
  if (!kept) {
    session.foldedArguments += 1
    return [FOLDED]
  }
  return []
}

/** Stands for an update that the next one makes superfluous: told by the arguments the call ends with. */
export const FOLDED: Fact = { type: 'folded', payload: {} }

/** While arguments are written they are kept when they first come and each time they doubled, or shrank. */
function keeps(call: OpenCall, args: string): boolean {
  const shrank = call.args !== null && args.length < call.args.length
  if (!shrank && args.length < call.nextSize) return false
  call.nextSize = 2 ** (Math.floor(Math.log2(Math.max(1, args.length))) + 1)
  return true
}

function start(id: string, call: OpenCall, kind: string | null | undefined): Fact {
  call.started = true
  const effect = kind === null || kind === undefined ? null : (EFFECTS.get(kind) ?? null)
  return {
    type: 'tool.started',
    payload: { callId: asLine(id), name: call.name, effect, args: call.args },
    suffix: 'started',
  }
}

function finish(event: Update, call: OpenCall): Fact {
  const { tool_call_id: id, status, error, duration_ms: elapsedMs } = event
  const failed = status === 'failed'
  const category = (event as { error_category?: unknown }).error_category
  const cancelled = failed && category === 'cancelled'
  const said = asLine(error) ?? (typeof category === 'string' ? category.replaceAll('_', ' ') : null)
  return {
    type: 'tool.finished',
    payload: {
      callId: asLine(id),
      name: call.name,
      status: cancelled ? 'cancelled' : failed ? 'failed' : 'completed',
      args: call.args,
      output: written(event.raw_output),
      failure: failed ? (said ?? 'It failed and harn does not say why.') : null,
      elapsedMs: elapsedMs ?? null,
    },
    suffix: 'finished',
  }
}

const isEnd = (status: string): boolean => status === 'completed' || status === 'failed'

/** What a kind of tool does outside, in the words of the Agent Client Protocol. */
const EFFECTS: ReadonlyMap<string, 'none' | 'write'> = new Map([
  ...['read', 'search', 'think', 'fetch'].map((kind) => [kind, 'none'] as const),
  ...['edit', 'delete', 'move', 'execute'].map((kind) => [kind, 'write'] as const),
])

const asText = (text: string | null | undefined): string | null => (text ? text : null)

/** Arguments and outputs as text: a string is itself, all else is its JSON. */
function written(value: Json | undefined): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}
