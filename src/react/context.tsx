/**
 * Owns how components reach the run ledger: one provider inside react-redux's.
 */
import { createContext, useContext, useEffect } from 'react'
import type { ReactNode } from 'react'
import { useStore } from 'react-redux'
import type { RunLedger } from '../state/createRunLedger.ts'

const RunLedgerContext = createContext<RunLedger | null>(null)

export function RunLedgerProvider({ ledger, children }: { ledger: RunLedger; children: ReactNode }) {
  const store = useStore()
  useEffect(() => ledger.watchPresence(store), [ledger, store])
  // `.Provider`, because React 18 does not render the context itself.
  return <RunLedgerContext.Provider value={ledger}>{children}</RunLedgerContext.Provider>
}

/** @throws Error outside a RunLedgerProvider. */
export function useRunLedger(): RunLedger {
  const ledger = useContext(RunLedgerContext)
  if (ledger === null) throw new Error('Put a <RunLedgerProvider ledger={…}> above this component.')
  return ledger
}
