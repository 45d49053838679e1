/**
 * Owns what decides whether something can be asked of a run: what the store knows, and what only a look at the disk
 * and a question to the owners can tell, asked once per state of the run.
 */
import { useEffect, useMemo, useState } from 'react'
import { shallowEqual, useSelector } from 'react-redux'
import type { LogRecord } from '../core/entities.ts'
import { lifecycleOf } from '../core/entities.ts'
import type { LogId } from '../core/ids.ts'
import { isRunLog } from '../core/ids.ts'
import type { Ownership, Situation } from '../core/permissions.ts'
import { isSettled } from '../core/status.ts'
import type { Standing } from '../state/resume/standing.ts'
import type { RunLedgerState } from '../state/selectors/selectors.ts'
import { selectIsUnconfirmed } from '../state/selectors/selectors.ts'
import { at } from '../state/table.ts'
import { useRunLedger } from './context.tsx'

/** Of a run: all but the questions it asks and the time. */
export type Circumstances = Omit<Situation, 'openQuestions' | 'now'>

const NO_RECORDS: readonly (LogRecord | null)[] = []

/** The circumstances of these runs, in their order; what is still being looked up says so. */
export function useCircumstances(logs: readonly LogId[]): readonly Circumstances[] {
  const ledger = useRunLedger()
  const phase = useSelector((state: RunLedgerState) => state.ledger.phase)
  const records = useSelector(
    (state: RunLedgerState) =>
      logs.length === 0 ? NO_RECORDS : logs.map((log) => at(state.runs.records, log) ?? null),
    shallowEqual,
  )
  const known = useSelector(
    (state: RunLedgerState) =>
      records.map((record) => (record === null ? null : knownOwnership(state, record))),
    shallowEqual,
  )
  const toLookUp = records.flatMap((record, index) =>
    record !== null && needsLook(record, known[index] ?? null) ? [record] : [],
  )
  const standings = useStandings(phase === 'ready' ? toLookUp : [])
  return useMemo(
    () =>
      logs.map((log, index): Circumstances => {
        const record = records[index] ?? null
        const standing = standings.get(log)
        return {
          phase,
          entity: isRunLog(log) ? 'run' : 'workflow',
          record,
          ownership: known[index] ?? standing?.ownership ?? 'unconfirmed',
          verbs: ledger.verbs,
          cannot: ledger.cannot,
          hasCheckpoint: hasNone(record) ? false : (standing?.hasCheckpoint ?? null),
          capture: ledger.capture,
        }
      }),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- logs are compared by what they name
    [ledger, phase, records, known, standings, logs.join(' ')],
  )
}

/** Null: its owners have to be asked. */
function knownOwnership(state: RunLedgerState, record: LogRecord): Ownership | null {
  if (isSettled(lifecycleOf(record).status) || at(state.runs.gone, record.log) === true) return 'gone'
  const isAway = selectIsUnconfirmed(state, record.log) && at(state.runs.followed, record.log) !== true
  return isAway ? null : 'confirmed'
}

const hasNone = (record: LogRecord | null): boolean =>
  record?.entity !== 'run' || record.run.checkpoint === null

const needsLook = (record: LogRecord, ownership: Ownership | null): boolean =>
  ownership === null || (ownership === 'gone' && !hasNone(record))

/** Looked up once per state of a run, and again when a source comes or goes. */
function useStandings(records: readonly LogRecord[]): ReadonlyMap<LogId, Standing> {
  const ledger = useRunLedger()
  const sources = useSelector((state: RunLedgerState) =>
    Object.entries(state.ledger.sources)
      .map(([id, { state: connection }]) => `${id}:${connection}`)
      .join(' '),
  )
  const [looks, setLooks] = useState<ReadonlyMap<LogId, Standing>>(() => new Map())
  const wanted = JSON.stringify(
    records.map((record) => [record.log, `${lifecycleOf(record).lastSequence} ${sources}`]),
  )
  useEffect(() => {
    let current = true
    for (const [log] of JSON.parse(wanted) as [LogId, string][]) {
      ledger.standingOf(log).then(
        (standing) => {
          if (!current || standing === null) return
          setLooks((before) => new Map(before).set(log, standing))
        },
        // What could not be looked up stays unknown, which allows nothing.
        () => {},
      )
    }
    return () => {
      current = false
    }
  }, [ledger, wanted])
  return looks
}
