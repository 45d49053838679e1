/** Owns asking on in a conversation: another question of the same documents. */
import { useId, useState } from 'react'
import type { FormEvent, KeyboardEvent } from 'react'
import { useStore } from 'react-redux'
import { useLedgerStatus, useRunLedger } from 'run-ledger/react'
import { count } from '../lib/format.ts'
import type { StoredDocument } from '../lib/researchInput.ts'
import { startResearch } from '../lib/startResearch.ts'
import { validateQuestion } from '../research/intake.ts'
import type { AppState } from '../store.ts'

interface ComposerProps {
  threadId: string
  documents: readonly StoredDocument[]
}

export function Composer({ threadId, documents }: ComposerProps) {
  const runs = useRunLedger()
  const store = useStore<AppState>()
  const { phase } = useLedgerStatus()
  const [question, setQuestion] = useState('')
  const [starting, setStarting] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const id = useId()

  async function ask(): Promise<void> {
    const wrong = validateQuestion(question)
    setError(wrong)
    if (wrong !== null || starting || phase !== 'ready') return
    setStarting(true)
    try {
      await startResearch(runs, store, { question, documents, threadId })
      setQuestion('')
    } catch (refusal) {
      setError(refusal instanceof Error ? refusal.message : String(refusal))
    }
    setStarting(false)
  }

  function submit(event: FormEvent): void {
    event.preventDefault()
    void ask()
  }

  function press(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    void ask()
  }

  return (
    <form className="composer" onSubmit={submit} noValidate>
      <label className="visually-hidden" htmlFor={id}>
        Ask another question
      </label>
      <div className="composer-line">
        <textarea
          id={id}
          rows={1}
          data-testid="composer-input"
          value={question}
          placeholder="Ask another question"
          aria-invalid={error !== null}
          aria-describedby={`${id}-note`}
          onChange={({ target }) => setQuestion(target.value)}
          onKeyDown={press}
        />
        <button
          type="submit"
          className="button button-primary"
          data-testid="composer-send"
          disabled={starting || phase !== 'ready' || documents.length === 0}
        >
          {starting ? 'Asking…' : 'Ask'}
        </button>
      </div>
      <p
        id={`${id}-note`}
        className={error === null ? 'note' : 'note note-bad'}
        role={error === null ? undefined : 'alert'}
      >
        {error ?? `Asks the same ${count(documents.length, 'document')}. Enter sends.`}
      </p>
    </form>
  )
}
