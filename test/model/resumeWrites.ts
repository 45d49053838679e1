/**
 * Owns what must be true of calls that change something: each is on the disk before it is made, and one that did not
 * tell how it went is made again only on a person's word. SPEC R3.
 */
import type { RunEvent, RunRecord } from '../../src/core/entities.ts'
import type { Words } from './resumeWords.ts'

interface Told {
  callId?: string
  effect?: string
  status?: string
  commandId?: string
  state?: string
  to?: string
}

const SETTLED: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled', 'interrupted'])

/** `made`: how many the host was asked for. `events`: all that is stored of the run. */
export function writtenUnasked(
  record: RunRecord,
  events: readonly RunEvent[],
  made: number,
  words: Words,
): readonly string[] {
  const { log, run } = record
  const direct = words.direct(run.id)
  const agreed = words.agreed(record)
  const wrong: string[] = []
  let begun = 0
  let attempt = 1
  let isOver = false
  /** The last one that began and has not told how it went. */
  let unclear: Begun | null = null
  for (const event of events) {
    const { callId = '', effect, status, commandId = '', state, to = '' } = event.payload as Told
    if (event.attempt > attempt) isOver = false
    // Heard when its attempt was over: it was not on the disk in time, so the call was never made.
    const isLate = isOver || event.attempt < attempt
    attempt = Math.max(attempt, event.attempt)
    if (event.type === 'run.transitioned' && !isLate) isOver = SETTLED.has(to)
    if (state === 'applied' && direct.has(commandId)) unclear = null
    if (status === 'completed' || status === 'failed') unclear = unlessIts(unclear, callId)
    if (event.type !== 'tool.started' || effect === 'none' || isLate) continue
    begun += 1
    if (unclear !== null && !isFollowedBy(unclear, attempt, agreed)) {
      wrong.push(`R3 ${log} writes again in attempt ${attempt}, unasked`)
    }
    unclear = { callId, attempt }
  }
  if (made > begun) wrong.push(`R3 ${log} wrote ${made} times, and ${begun} are known`)
  return wrong
}

interface Begun {
  callId: string
  attempt: number
}

const unlessIts = (call: Begun | null, callId: string): Begun | null =>
  call?.callId === callId ? null : call

/** Somebody agreed to see its attempt followed by another, or one between. */
const isFollowedBy = (call: Begun, attempt: number, agreed: readonly number[]): boolean =>
  agreed.some((each) => each >= call.attempt && each < attempt)
