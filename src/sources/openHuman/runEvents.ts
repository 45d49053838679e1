/**
 * Owns what the core's run events say: calls with their success and timing, and what became known of a run. Statuses are
 * left to its row, which is newer than any event before it.
 */
import type { Json, ToolCall } from '../../core/entities.ts'
import type { RawEvent } from '../../core/events.ts'
import { runLog } from '../../core/ids.ts'
import { eventsStream, idOf, isOpenHumanStream, known, lineOf, sentenceOf, timeOf } from './envelope.ts'
import type { RunEventRow } from './rowsRead.ts'

/**
 * Each event has one place in its stream, so each says one thing. `heard`: calls without an id were heard live, and
 * nothing tells those of the events from them; they are kept, and are no calls.
 */
export function tellRunEvent(event: RunEventRow, heard = false): RawEvent {
  const { runId, sequence, eventType, payload } = event
  const said = read(eventType, payload ?? {})
  const isHeard = heard && said?.[0].startsWith('tool.') === true && !payload?.['callId']
  const [type, told] = said === null || isHeard ? foreign(eventType, payload ?? null) : said
  const timestamp = timeOf(event.timestamp) ?? 0
  return { log: runLog(runId), type, payload: told, timestamp, position: sequence }
}

/** Whether a call has the id that the ledger gave it for its place in a live stream. */
export const isNamelessCall = ({ callId }: Pick<ToolCall, 'callId'>): boolean =>
  isOpenHumanStream(callId) && !callId.startsWith(eventsStream('').id)

type Payload = Readonly<Record<string, Json>>
type Said = readonly [type: string, payload: object]

const foreign = (name: string, value: Json): Said => ['foreign', { source: 'openhuman', name, value }]

/** Null: it says nothing that has a name here. */
function read(eventType: string, payload: Payload): Said | null {
  switch (eventType) {
    case 'turn_started': {
      const fields = { kind: 'background_agent', parentThreadId: idIn(payload, 'threadId') }
      return ['run.observed', { ...known(fields), metadata: pick(payload, ['clientId']) }]
    }
    case 'subagent_spawned':
      return ['run.observed', spawned(payload)]
    case 'subagent_completed':
      return ['run.observed', { metadata: completed(payload) }]
    case 'tool_call_started':
    case 'subagent_tool_call_started':
      return started(payload)
    case 'tool_call_completed':
    case 'subagent_tool_call_completed':
      return finished(payload)
    default:
      return null
  }
}

function spawned(payload: Payload): object {
  const workerThreadId = idIn(payload, 'workerThreadId')
  const fields = {
    kind: workerThreadId === undefined ? 'subagent' : 'worker_thread',
    agentId: stringIn(payload, 'agentId'),
    agentName: stringIn(payload, 'displayName'),
    parentRunId: idIn(payload, 'parentRunId'),
    parentThreadId: idIn(payload, 'threadId'),
    workerThreadId,
    parentCallId: stringIn(payload, 'parentCallId'),
  }
  return {
    ...known(fields),
    metadata: pick(payload, ['mode', 'dedicatedThread', 'promptChars', 'displayName']),
  }
}

const completed = (payload: Payload): object => ({
  ...pick(payload, ['outputChars', 'iterations', 'worktreePath']),
  ...known({ changedFiles: filesIn(payload), isDirty: payload['dirtyStatus'] }),
})

/** No list and an empty one say the same. */
const filesIn = ({ changedFiles }: Payload): Json | undefined =>
  Array.isArray(changedFiles) && changedFiles.length > 0 ? changedFiles : undefined

function started(payload: Payload): Said | null {
  const name = stringIn(payload, 'toolName')
  return name === undefined ? null : ['tool.started', { name, ...call(payload) }]
}

function finished(payload: Payload): Said | null {
  const { success, failure } = payload
  const failed = success === false || (success === undefined && failure != null)
  const status = failed ? 'failed' : success === true ? 'completed' : 'unknown'
  return [
    'tool.finished',
    {
      ...known({ name: stringIn(payload, 'toolName'), failure: failureOf(failure) }),
      ...call(payload),
      status,
      ...known({ outputChars: countIn(payload, 'outputChars'), elapsedMs: countIn(payload, 'elapsedMs') }),
    },
  ]
}

/** An empty id is none: the call is told apart by its place, and its end finds it by its name. */
const call = (payload: Payload): object =>
  known({ callId: stringIn(payload, 'callId'), iteration: countIn(payload, 'iteration') })

/** What went wrong and what to do about it. Their ledger's members are camelCase, their socket's are not. */
export function failureOf(failure: Json | undefined): string | undefined {
  if (typeof failure === 'string') return lineOf(failure)
  if (failure === undefined || failure === null || typeof failure !== 'object') return undefined
  const fields = failure as Payload
  const cause = stringIn(fields, 'causePlain') ?? stringIn(fields, 'cause_plain')
  const next = stringIn(fields, 'nextAction') ?? stringIn(fields, 'next_action')
  const sentences = [cause, next].flatMap((each) => (each === undefined ? [] : [sentenceOf(each)]))
  return sentences.length > 0 ? sentences.join(' ') : (stringIn(fields, 'class') ?? JSON.stringify(failure))
}

const pick = (payload: Payload, names: readonly string[]): object =>
  known(Object.fromEntries(names.map((name) => [name, payload[name]])))

const stringIn = (payload: Payload, name: string): string | undefined => {
  const value = payload[name]
  return typeof value === 'string' ? lineOf(value) : undefined
}

const idIn = (payload: Payload, name: string): string | undefined => idOf(stringIn(payload, name))

const countIn = (payload: Payload, name: string): number | undefined => {
  const value = payload[name]
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
