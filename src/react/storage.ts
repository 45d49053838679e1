/**
 * Owns what components know about the stored runs as a whole: how much there is, and how long work on it goes.
 */
import { useCallback, useEffect, useRef, useState } from 'react'
import { useSelector } from 'react-redux'
import type { RunLedgerState } from '../state/selectors/selectors.ts'
import type { StorageReport } from '../state/housekeeping/storage.ts'
import { useRunLedger } from './context.tsx'

export interface StorageReportView {
  /** Null until the ledger can be read. */
  report: StorageReport | null
  error: string | null
  refresh: () => void
}

/** How much is stored, read once the ledger is ready and again when asked. */
export function useStorageReport(): StorageReportView {
  const ledger = useRunLedger()
  const isReady = useSelector((state: RunLedgerState) => state.ledger.phase === 'ready')
  const [view, setView] = useState<{ report: StorageReport | null; error: string | null }>({
    report: null,
    error: null,
  })
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (!isReady) return
    let current = true
    ledger.storage.report().then(
      (report) => current && setView({ report, error: null }),
      (error: unknown) => current && setView((before) => ({ ...before, error: messageOf(error) })),
    )
    return () => {
      current = false
    }
  }, [ledger, isReady, round])
  return { ...view, refresh: useCallback(() => setRound((each) => each + 1), []) }
}

export interface Task<Result> {
  running: boolean
  /** 0 to 1; null while it cannot be told. */
  progress: number | null
  error: string | null
  result: Result | null
  /** Starts work, unless some is under way; resolves with its result, or null when it failed. */
  start: (work: (onProgress: (done: number) => void) => Promise<Result>) => Promise<Result | null>
  reset: () => void
}

const IDLE = { running: false, progress: null, error: null, result: null } as const

/** Long work as a component shows it: under way, how far, what became of it. */
export function useTask<Result>(): Task<Result> {
  const [state, setState] = useState<Omit<Task<Result>, 'start' | 'reset'>>(IDLE)
  const busy = useRef(false)
  const start = useCallback<Task<Result>['start']>(async (work) => {
    if (busy.current) return null
    busy.current = true
    setState({ ...IDLE, running: true })
    const onProgress = (done: number): void => {
      // Whole per cent: a screen shows no more, and a large file reports very often.
      const progress = Math.floor(done * 100) / 100
      setState((before) => (before.progress === progress ? before : { ...before, progress }))
    }
    try {
      const result = await work(onProgress)
      setState({ ...IDLE, result })
      return result
    } catch (error) {
      setState({ ...IDLE, error: messageOf(error) })
      return null
    } finally {
      busy.current = false
    }
  }, [])
  const reset = useCallback(() => setState(IDLE), [])
  return { ...state, start, reset }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
