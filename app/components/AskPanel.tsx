/** Owns asking a new question: the question, the documents, the pace, and what is wrong with either. */
import { useId, useState } from 'react'
import type { FormEvent } from 'react'
import { flushSync } from 'react-dom'
import { useStore } from 'react-redux'
import { useLedgerStatus, useRunLedger } from 'run-ledger/react'
import { useLocation } from 'wouter'
import { workflowHref } from '../lib/links.ts'
import { keepDocuments, startResearch } from '../lib/startResearch.ts'
import { useDocuments } from '../lib/useDocuments.ts'
import { validateQuestion } from '../research/intake.ts'
import { sampleQuestions } from '../samples/index.ts'
import type { AppState } from '../store.ts'
import { DocumentPicker } from './DocumentPicker.tsx'
import { PaceSwitch } from './PaceSwitch.tsx'

export function AskPanel() {
  const runs = useRunLedger()
  const store = useStore<AppState>()
  const { phase } = useLedgerStatus()
  const [, navigate] = useLocation()
  const [question, setQuestion] = useState('')
  const choice = useDocuments()
  const [tried, setTried] = useState(false)
  const [starting, setStarting] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const id = useId()

  const questionError = tried ? validateQuestion(question) : null
  const documentsError =
    tried && choice.documents.length === 0 ? 'Choose at least one document, or use the sample set.' : null

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault()
    // What is wrong is marked before it is looked for, and before a screen reader reads the field.
    flushSync(() => {
      setTried(true)
      setRefusal(null)
    })
    if (validateQuestion(question) !== null || choice.documents.length === 0) {
      showFirstInvalid(event.currentTarget)
      return
    }
    if (starting) return
    setStarting(true)
    try {
      const documents = await keepDocuments(runs, choice.documents)
      const { workflowRunId } = await startResearch(runs, store, { question, documents, threadId: null })
      navigate(workflowHref(workflowRunId))
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error))
      setStarting(false)
    }
  }

  return (
    <form className="ask" onSubmit={submit} noValidate aria-labelledby="ask-title">
      <h2 id="ask-title">Ask your documents</h2>
      <div className="field">
        <div className="field-head">
          <label className="field-label" htmlFor={id}>
            Question
          </label>
          <p className="field-error" id={`${id}-error`}>
            {questionError}
          </p>
        </div>
        <textarea
          id={id}
          rows={3}
          data-testid="question-input"
          value={question}
          placeholder="What do you want to know?"
          aria-invalid={questionError !== null}
          aria-describedby={`${id}-error`}
          onChange={({ target }) => setQuestion(target.value)}
        />
        <div className="chips" role="group" aria-label="Sample questions">
          {sampleQuestions.map((sample) => (
            <button key={sample} type="button" className="chip-button" onClick={() => setQuestion(sample)}>
              {sample}
            </button>
          ))}
        </div>
      </div>
      <DocumentPicker choice={choice} error={documentsError} />
      <PaceSwitch />
      <div className="ask-foot">
        <button
          type="submit"
          className="button button-primary"
          data-testid="start-button"
          disabled={starting || choice.reading || phase !== 'ready'}
        >
          {starting ? 'Starting…' : 'Start'}
        </button>
        <p
          className={refusal === null ? 'note' : 'note note-bad'}
          role={refusal === null ? 'status' : 'alert'}
        >
          {refusal ?? (phase === 'ready' ? '' : 'The ledger is still loading.')}
        </p>
      </div>
    </form>
  )
}

/** Start may be far below the field; the message is beside the field, where the answer has to go. */
function showFirstInvalid(form: HTMLFormElement): void {
  const field = form.querySelector<HTMLElement>('[aria-invalid="true"], [data-invalid="true"] button')
  field?.focus({ preventScroll: true })
  field?.closest('.field, .documents')?.scrollIntoView({ block: 'nearest' })
}
