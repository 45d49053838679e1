/**
 * Owns the replay of a harn session: its log as events of ours, each in its place, on the log of the run it
 * belongs to. Pure: the same text gives the same events. harn-agentd A5, C2 16–18.
 */
import type { RawEvent } from '../../core/events.ts'
import { runLog } from '../../core/ids.ts'
import { MARKS } from './facts.ts'
import type { HarnEvent } from './facts.ts'
import { convertEvent } from './sessionEvents.ts'
import { readSessionLines } from './sessionLines.ts'
import type { SessionLine, Skipped } from './sessionLines.ts'
import { joinMessages } from './sessionMessages.ts'
import type { SpokenLine } from './sessionMessages.ts'
import type { Fact } from './sessionState.ts'
import { SessionState } from './sessionState.ts'
import { FOLDED } from './sessionTools.ts'
import { NO_TIME } from './times.ts'

export interface SessionImportOptions {
  /** Only this session: the exact id, for logs that several sessions share. */
  sessionId?: string
  /** What the file is called, for reasons. */
  path?: string
  /** The run a session belongs to, where a run record says so; null for one that stands alone. */
  runOf?: (sessionId: string) => string | null
  /** The run of a worker. Default: named like the worker. */
  runOfWorker?: (workerId: string) => string
}

export interface SessionImport {
  events: readonly HarnEvent[]
  /** Sessions in the order they begin. */
  sessions: readonly { sessionId: string; runId: string; isRecorded: boolean; events: number }[]
  report: SessionReport
}

export interface SessionReport {
  /** Lines that became events. */
  imported: number
  skipped: readonly Skipped[]
  notes: readonly string[]
  /** Kinds nobody knows here: kept as they came, in their place. */
  unknownKinds: readonly string[]
}

/** Never throws: what cannot be read is skipped with its reason. */
export function importHarnSession(text: string, options: SessionImportOptions = {}): SessionImport {
  const { lines, skipped, torn } = readSessionLines(text, options.path)
  const wanted = lines.filter(({ sessionId }) => (options.sessionId ?? sessionId) === sessionId)
  const groups = new Map<string, SessionLine[]>()
  for (const line of wanted) {
    const group = groups.get(line.sessionId)
    if (group === undefined) groups.set(line.sessionId, [line])
    else group.push(line)
  }
  const converted = [...groups.values()].map((group) => convertSession(group, options))
  const notes = [
    torn && 'The file ends within a line: that line is left out.',
    wanted.length < lines.length && `${lines.length - wanted.length} lines are of other sessions.`,
    ...converted.flatMap((each) => each.notes),
  ]
  return {
    events: converted.flatMap((each) => each.events),
    sessions: converted.map(({ sessionId, runId, isRecorded, events }) => {
      return { sessionId, runId, isRecorded, events: events.length }
    }),
    report: {
      imported: wanted.length,
      skipped,
      notes: notes.filter((note) => note !== false),
      unknownKinds: [...new Set(converted.flatMap(({ unknownKinds }) => unknownKinds))].toSorted(),
    },
  }
}

export const sessionStream = (sessionId: string): string => `harn:session:${sessionId}`

interface ConvertedSession {
  sessionId: string
  runId: string
  isRecorded: boolean
  events: HarnEvent[]
  notes: string[]
  unknownKinds: string[]
}

function convertSession(lines: readonly SessionLine[], options: SessionImportOptions): ConvertedSession {
  const spoken = joinMessages(lines.toSorted((a, b) => a.index - b.index || a.line - b.line))
  const [first] = spoken
  if (first === undefined) throw new Error('A session has at least one line.')
  const { sessionId } = first
  const known = options.runOf?.(sessionId) ?? null
  const isRecorded = known !== null
  const runId = known ?? sessionId
  const { runOfWorker = (workerId: string) => workerId } = options
  const session = new SessionState(first, { runId, isRecorded, runOfWorker })
  const log = runLog(runId)
  const stream = sessionStream(sessionId)
  const events: HarnEvent[] = []
  const unknownKinds: string[] = []
  const marks = new Set<string>()
  let misshapen = 0
  let at = spoken.find((line) => line.at !== null)?.at ?? NO_TIME
  const begin = at

  for (const line of spoken) {
    session.line = line
    // Without a time of its own an event was there when the one before it was.
    at = line.at ?? at
    const opening = session.before(line.kind)
    const { facts, verdict } = convertEvent(line.kind, line.event, session)
    if (verdict === 'unknown') unknownKinds.push(line.kind)
    if (verdict === 'misshapen') misshapen += 1
    const place = `${line.kind.slice(0, 60)}:${line.index}:${line.hash}`
    for (const fact of [...opening, ...facts]) {
      if (fact === FOLDED) continue
      const event = toRaw(fact, { log, place, at })
      const { mark } = fact
      if (mark === undefined) events.push({ stream, event })
      else if (!marks.has(mark)) events.push({ stream: MARKS, event: { ...event, position: mark } })
      // The same mark again: told once, and what this line says of it is kept.
      else events.push({ stream, event: toRaw(keptAs(line), { log, place, at }) })
      if (mark !== undefined) marks.add(mark)
    }
  }
  if (!isRecorded) events.unshift({ stream, event: registration(session, spoken, begin) })
  const notes = [
    misshapen > 0 && `${misshapen} events do not look as harn writes them; they are kept as they came.`,
    session.foldedArguments > 0 &&
      `${session.foldedArguments} updates of arguments under way are told by the call's last ones.`,
    ...jumps(lines),
  ].filter((note) => note !== false)
  return { sessionId, runId, isRecorded, events, notes, unknownKinds }
}

const keptAs = ({ kind: name, event: value }: SpokenLine): Fact => ({
  type: 'foreign',
  payload: { name, value },
})

function toRaw(fact: Fact, { log, place, at }: { log: string; place: string; at: number }): RawEvent {
  const payload = fact.type === 'foreign' ? { source: 'harn', ...fact.payload } : fact.payload
  const position = fact.suffix === undefined ? place : `${place}:${fact.suffix}`
  return { log: fact.log ?? log, type: fact.type, payload, timestamp: at, position }
}

/** A session of its own is an agent at work by itself. */
function registration(
  { sessionId, runId }: SessionState,
  lines: readonly SpokenLine[],
  at: number,
): RawEvent {
  const task = lines.find(({ kind }) => kind === 'user_message')
  const payload = {
    kind: 'background_agent',
    agentId: 'harn',
    agentName: 'harn session',
    prompt: task === undefined ? null : textOf(task.event['content']),
    origin: { source: 'harn' },
    metadata: { harnSession: sessionId, ...(at === NO_TIME && { timeUnknown: true }) },
    status: 'running',
  }
  return {
    log: runLog(runId),
    type: 'run.registered',
    payload,
    timestamp: at,
    position: `session:${sessionId}:registered`,
  }
}

/** The text of a message's blocks. */
function textOf(content: unknown): string | null {
  if (typeof content === 'string') return content === '' ? null : content
  if (!Array.isArray(content)) return null
  const texts = content.flatMap((block) => {
    const text: unknown = typeof block === 'string' ? block : (block as { text?: unknown } | null)?.text
    return typeof text === 'string' ? [text] : []
  })
  return texts.length === 0 ? null : texts.join('\n')
}

/** harn numbers without holes: what is missing is said, and what is twice. */
function jumps(lines: readonly SessionLine[]): string[] {
  const numbers = new Set(lines.map(({ index }) => index))
  const [least, most] = [...numbers].reduce(
    ([a, b], each) => [Math.min(a, each), Math.max(b, each)],
    [Infinity, -Infinity],
  )
  const missing = most - least + 1 - numbers.size
  const twice = lines.length - numbers.size
  return [
    ...(missing > 0 ? [`${missing} events between the first and the last are missing.`] : []),
    ...(twice > 0 ? [`${twice} events have a number that another one has; all are kept.`] : []),
  ]
}
