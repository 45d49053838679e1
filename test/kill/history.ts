/**
 * Owns what the process knows of one profile: what was acknowledged and what was ever read back, held where no
 * browser can lose it, and the judgement of what came back after a kill. SPEC W1, W2, W6.
 */
import { isDeepStrictEqual } from 'node:util'
import { accept, refold } from '../../src/core/accept.ts'
import type { LogRecord, RunEvent } from '../../src/core/entities.ts'
import type { LogId } from '../../src/core/ids.ts'
import type { Acknowledged, Stored, StoredLog } from './page/protocol.ts'
import { smallVerdict } from './smallRows.ts'
import type { SmallKnown } from './smallRows.ts'
import { eventAt, LOGS } from './workload.ts'

/** What one look at everything stored found wrong; all zero is what the ledger promises. */
export interface Verdict {
  /** Acknowledged, and gone. */
  lost: number
  /** Never acknowledged, but there at an earlier start, and gone. */
  retracted: number
  /** Stored twice. */
  duplicates: number
  /** Missing below the head of their log. */
  gaps: number
  /** Stored with another body than was written. */
  changed: number
  /** Results and checkpoints of stored events that do not resolve, or to something else. */
  blobs: number
  /** Rows that are not the fold of the stored events. */
  rows: number
  /** Cursors that are not where their log is. */
  cursors: number
  /** Commands acknowledged that are gone, went back, or say something else. */
  commands: number
  /** The same of refused inputs. */
  refusals: number
}

interface Known {
  /** Each event as it was read back, by sequence; verified then, so that only the rest is folded again. */
  events: string[]
  record: LogRecord | undefined
  blobs: Map<string, string>
  /** Acknowledged up to here. */
  told: number
}

export interface History {
  seed: number
  /** The generation that writes now; set before the page begins. */
  generation: number
  acknowledge(acknowledged: Acknowledged): void
  /** Events acknowledged so far, over all logs. */
  acknowledged(): number
  stored(): number
  /** Compares what is stored with what is known. After a verdict that is not clean the profile is of no more use. */
  judge(stored: Stored): Verdict
}

export function createHistory(seed: number): History {
  const logs = new Map<LogId, Known>(
    LOGS.map((log) => [log, { events: [], record: undefined, blobs: new Map(), told: 0 }]),
  )
  const small: SmallKnown = { commands: new Map(), quarantine: new Set() }
  const knownOf = (log: LogId): Known => {
    const known = logs.get(log)
    if (known === undefined) throw new Error(`The harness never wrote ${log}.`)
    return known
  }
  const sum = (of: (known: Known) => number): number =>
    [...logs.values()].reduce((all, each) => all + of(each), 0)

  const history: History = {
    seed,
    generation: 0,
    acknowledge({ logs: heads, commands, quarantine }) {
      for (const { log, sequence } of heads) {
        const known = knownOf(log)
        known.told = Math.max(known.told, sequence)
      }
      for (const command of commands) small.commands.set(command.id, command.state)
      for (const id of quarantine) small.quarantine.add(id)
    },
    acknowledged: () => sum(({ told }) => told),
    stored: () => sum(({ events }) => events.length),
    judge(stored) {
      const verdict = { ...CLEAN, ...smallVerdict(small, stored) }
      for (const log of LOGS) {
        const found = stored.logs.find((each) => each.log === log)
        if (found === undefined) throw new Error(`${log} was not read back.`)
        judgeLog(verdict, knownOf(log), found, { seed, log, generation: history.generation })
      }
      return verdict
    },
  }
  return history
}

export const CLEAN: Verdict = {
  lost: 0,
  retracted: 0,
  duplicates: 0,
  gaps: 0,
  changed: 0,
  blobs: 0,
  rows: 0,
  cursors: 0,
  commands: 0,
  refusals: 0,
}

export const isClean = (verdict: Verdict): boolean => Object.values(verdict).every((count) => count === 0)

interface Writer {
  seed: number
  log: LogId
  generation: number
}

function judgeLog(verdict: Verdict, known: Known, found: StoredLog, writer: Writer): void {
  const before = known.events.length
  const events = found.events.map((text) => JSON.parse(text) as RunEvent)
  const bySequence = new Map(events.map((event, index) => [event.sequence, found.events[index]]))
  const head = events.at(-1)?.sequence ?? 0
  const missing = (from: number, to: number): number => {
    let count = 0
    for (let at = from; at <= to; at += 1) if (!bySequence.has(at)) count += 1
    return count
  }
  const seen = Math.max(before, known.told)
  verdict.lost += missing(1, known.told)
  verdict.retracted += missing(known.told + 1, seen)
  verdict.gaps += missing(1, head)
  verdict.duplicates += events.length - bySequence.size
  verdict.duplicates += events.length - new Set(events.map(identityOf)).size

  for (let at = 1; at <= Math.min(before, head); at += 1) {
    const text = bySequence.get(at)
    if (text !== undefined && !isSame(text, known.events[at - 1])) verdict.changed += 1
  }
  extend(verdict, known, bySequence, writer, head)
  verdict.blobs += wrongBlobs(known, found)
  const row: unknown = found.row === null ? undefined : JSON.parse(found.row)
  const folded = known.events.length === events.length ? known.record : refold(events)?.record
  // Through JSON, as the row came.
  const expected: unknown = folded === undefined ? undefined : JSON.parse(JSON.stringify(folded))
  if (!isDeepStrictEqual(row, expected)) verdict.rows += 1
  if ((found.cursor ?? 0) !== head) verdict.cursors += 1
}

const identityOf = ({ stream, position }: RunEvent): string => JSON.stringify([stream, position])

/** A copy brought back may spell an event with its keys in another order. */
const isSame = (text: string, other: string | undefined): boolean =>
  text === other || (other !== undefined && isDeepStrictEqual(JSON.parse(text), JSON.parse(other)))

/** Folds what the last generation wrote on top of what was verified before, and compares it with what is there. */
function extend(
  verdict: Verdict,
  known: Known,
  bySequence: ReadonlyMap<number, string | undefined>,
  writer: Writer,
  head: number,
): void {
  const { log } = writer
  while (known.events.length < head) {
    const prepared = eventAt({ ...writer, sequence: known.events.length + 1 })
    const [change] = accept(() => known.record, [prepared.event]).changes
    if (change === undefined) throw new Error(`The fold did not accept an event of ${log}.`)
    const [event] = change.events
    const expected = JSON.stringify(event)
    const text = bySequence.get(known.events.length + 1)
    if (text !== undefined && !isSame(text, expected)) verdict.changed += 1
    known.events.push(text ?? expected)
    known.record = change.record
    for (const { ref, text: whole } of prepared.blobs) known.blobs.set(ref, whole)
  }
}

/** Blobs of events that are stored: each must resolve to what was written with it. */
function wrongBlobs(known: Known, found: StoredLog): number {
  return found.blobs.filter(([ref, text]) => text === null || known.blobs.get(ref) !== text).length
}
