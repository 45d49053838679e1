/** Owns asking on in a conversation: another question of the same documents. */
import { useStore } from 'react-redux'
import { useLedgerStatus, useRunLedger } from 'run-ledger/react'
import { count } from '../lib/format.ts'
import type { StoredDocument } from '../lib/researchInput.ts'
import { startResearch } from '../lib/startResearch.ts'
import { validateQuestion } from '../research/intake.ts'
import type { AppState } from '../store.ts'
import { ComposerForm } from './ComposerForm.tsx'

interface ComposerProps {
  threadId: string
  documents: readonly StoredDocument[]
}

export function Composer({ threadId, documents }: ComposerProps) {
  const runs = useRunLedger()
  const store = useStore<AppState>()
  const { phase } = useLedgerStatus()

  async function ask(question: string): Promise<string | null> {
    const wrong = validateQuestion(question)
    if (wrong === null) await startResearch(runs, store, { question, documents, threadId })
    return wrong
  }

  return (
    <ComposerForm
      label="Ask another question"
      verb="Ask"
      sending="Asking…"
      note={`Asks the same ${count(documents.length, 'document')}. Enter sends.`}
      disabled={phase !== 'ready' || documents.length === 0}
      send={ask}
    />
  )
}
