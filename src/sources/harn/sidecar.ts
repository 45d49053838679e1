/**
 * Owns the file beside a run record: harn's transcript of its model calls, in which its daemons leave a line each.
 * Daemon events are taken in line by line; of the transcript, the run gets a pointer. harn-agentd A1, C2 26.
 */
import { toPlainJson } from '../../core/bounds.ts'
import { hashOf } from '../../core/contentKey.ts'
import { runLog } from '../../core/ids.ts'
import type { HarnEvent } from './facts.ts'
import { foreignPayload, harnStream, line } from './facts.ts'
import { isObject } from './records.ts'
import type { JsonObject } from './records.ts'
import { readJsonLines } from './sessionLines.ts'
import type { Skipped } from './sessionLines.ts'
import { NO_TIME, toEpochMs } from './times.ts'

/** Where harn puts it: `<dir>/<name of the record>-llm/llm_transcript.jsonl`. */
export function sidecarPath(runPath: string): string {
  return runPath.replace(/(\.[^./]*)?$/, '-llm/llm_transcript.jsonl')
}

export const isSidecarPath = (path: string): boolean => path.endsWith('-llm/llm_transcript.jsonl')

export interface SidecarImport {
  events: readonly HarnEvent[]
  /** Lines by what they are; those of the model calls stay in their file. */
  lines: number
  daemonEvents: number
  skipped: readonly Skipped[]
  torn: boolean
}

export interface SidecarOptions {
  runId: string
  path: string
  /** When the run began, for lines that do not say when they were written. */
  at?: number | null
}

/** A line costs itself: a torn, broken or unreadable one leaves all others as they are. */
export function importHarnSidecar(text: string, { runId, path, at = null }: SidecarOptions): SidecarImport {
  const { values, bad, torn } = readJsonLines(text)
  const skipped = bad.map((number): Skipped => ({
    path: `${path}:${number}`,
    reason: 'The line is not JSON.',
  }))
  const log = runLog(runId)
  const stream = harnStream(runId)
  const events: HarnEvent[] = []
  let last = at
  let daemonEvents = 0
  for (const { line: number, value } of values) {
    const plain = toPlainJson(value)
    const where = `${path}:${number}`
    if (!plain.ok) skipped.push({ path: where, reason: `The line holds ${plain.reason}.` })
    else if (!isObject(plain.value)) skipped.push({ path: where, reason: 'The line is not an object.' })
    else if (plain.value['type'] === 'daemon_event') {
      const event = toDaemonEvent(plain.value)
      if (event === null) {
        skipped.push({ path: where, reason: 'The daemon event does not say which daemon it is of.' })
        continue
      }
      last = toEpochMs(event['timestamp']) ?? last
      daemonEvents += 1
      const payload = foreignPayload('daemon_event', event)
      // The same line again is the same event; a second one like it is another.
      const position = `daemon_event:${hashOf(event)}`
      events.push({ stream, event: { log, type: 'foreign', payload, timestamp: last ?? NO_TIME, position } })
    }
  }
  const pointer = { ...POINTER, path: line(path, 1_000), lines: values.length, daemonEvents }
  const position = `transcript_pointer:${hashOf(pointer)}`
  const payload = foreignPayload('transcript_pointer', pointer)
  events.push({ stream, event: { log, type: 'foreign', payload, timestamp: last ?? NO_TIME, position } })
  return { events: distinct(events), lines: values.length, daemonEvents, skipped, torn }
}

const POINTER = {
  id: 'run:llm_transcript',
  label: 'Transcript of the model calls',
  kind: 'llm_jsonl',
  location: 'run sidecar',
  available: true,
}

const KINDS = new Set(['spawned', 'triggered', 'snapshotted', 'resumed', 'stopped'])

/** As harn reads it: a kind it does not know, or none, is a spawn; ours keeps the word beside it. */
function toDaemonEvent(event: JsonObject): JsonObject | null {
  const { daemon_id: id, kind, ...rest } = event
  if (typeof id !== 'string' || id === '') return null
  const isKnown = typeof kind === 'string' && KINDS.has(kind)
  const said = isKnown || kind === undefined || kind === null ? {} : { said: kind }
  return { ...rest, daemon_id: id, kind: isKnown ? kind : 'spawned', ...said }
}

function distinct(events: readonly HarnEvent[]): readonly HarnEvent[] {
  return [...new Map(events.map((each) => [each.event.position, each])).values()]
}
