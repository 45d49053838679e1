/** Owns time as components see it: ages and expiries that go on without any event. */
import { useEffect, useState } from 'react'
import { useRunLedger } from './context.tsx'

/** The time, looked at again every so often; `null` looks once. */
export function useNow(everyMs: number | null): number {
  const ledger = useRunLedger()
  const [now, setNow] = useState(() => ledger.now())
  useEffect(() => (everyMs === null ? undefined : ledger.watchTime(everyMs, setNow)), [ledger, everyMs])
  return now
}
