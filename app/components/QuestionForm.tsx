/**
 * Owns answering an open question in place: choices by mouse, arrows or number keys, approve or deny, a free text
 * where there are no choices; what is wrong with the answer, and how far it got.
 */
import { useId, useRef, useState } from 'react'
import type { FormEvent } from 'react'
import { APPROVALS, checkAnswer } from 'run-ledger'
import type { Question } from 'run-ledger'
import type { InboxItem, InboxView } from 'run-ledger/react'
import { answerHint, readAnswer } from '../lib/answerHint.ts'
import { useNumberKeys } from '../lib/shortcuts.ts'
import { visible } from '../lib/visible.ts'
import { AnswerOptions } from './AnswerOptions.tsx'
import type { AnswerOption } from './AnswerOptions.tsx'
import { QuestionSource } from './QuestionSource.tsx'

interface QuestionFormProps {
  item: InboxItem
  answer: InboxView['answer']
  /** Number keys anywhere on the page: for one question at a time. */
  hotkeys: boolean
  /** Says where the question comes from, too: for pages that are not about its run. */
  isFar?: boolean
}

export function QuestionForm({ item, answer, hotkeys, isFar = false }: QuestionFormProps) {
  const { question, canAnswer, isPending } = item
  const options = optionsOf(question)
  const [chosen, setValue] = useState('')
  // On its way, perhaps from another page: what was sent, not what was chosen since.
  const value = sentBy(item) ?? chosen
  const [misfit, setMisfit] = useState<string | null>(null)
  const form = useRef<HTMLFormElement>(null)
  const id = useId()
  useNumberKeys(hotkeys && canAnswer && !isPending ? options.length : 0, (index) => {
    choose(options[index]?.value ?? '')
    // Enter sends from here.
    form.current?.querySelectorAll<HTMLInputElement>('input[type=radio]')[index]?.focus()
  })

  function choose(next: string): void {
    setValue(next)
    setMisfit(null)
  }

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (!canAnswer || isPending) return
    const given =
      options.length > 0
        ? { answer: value, misfit: checkAnswer(question, value) }
        : readAnswer(question, value)
    setMisfit(given.misfit)
    if (given.misfit === null) await answer(item, given.answer)
  }

  const error = misfit ?? item.error
  const hint = answerHint(question)
  return (
    <form
      className="question"
      data-testid="question"
      data-row-id={question.questionId}
      data-keys={hotkeys}
      ref={form}
      onSubmit={submit}
    >
      <QuestionSource item={item} isFar={isFar} />
      <fieldset disabled={isPending || !canAnswer}>
        <legend id={id}>{visible(question.prompt)}</legend>
        {options.length > 0 ? (
          <AnswerOptions name={id} options={options} value={value} onChoose={choose} />
        ) : (
          <>
            {hint !== null && (
              <p className="note question-hint" id={`${id}-hint`} data-testid="answer-hint">
                {visible(hint)}
              </p>
            )}
            <textarea
              rows={3}
              aria-labelledby={id}
              aria-invalid={error !== null}
              aria-describedby={hint === null ? `${id}-note` : `${id}-hint ${id}-note`}
              value={value}
              data-testid="answer-text"
              onChange={(event) => choose(event.target.value)}
            />
          </>
        )}
      </fieldset>
      <div className="question-foot">
        <button
          type="submit"
          className="button button-primary"
          data-testid="answer-submit"
          disabled={!canAnswer || isPending || value.trim() === ''}
        >
          Send answer
        </button>
        <p
          id={`${id}-note`}
          className={error === null ? 'note' : 'note note-bad'}
          role={error === null ? 'status' : 'alert'}
          data-testid="answer-note"
        >
          {error ?? progressOf(item)}
        </p>
      </div>
    </form>
  )
}

function progressOf(item: InboxItem): string {
  const { whyNot, orphaned, queued, isPending, pending } = item
  if (queued !== null) return queued
  if (isPending) return pending?.state === 'delivered' ? 'Sent. The agent goes on.' : 'Sending…'
  if (item.expiresInMs === 0) return 'The time to answer is over. If its agent still waits, stop it.'
  return whyNot ?? orphaned ?? ''
}

function sentBy({ pending }: InboxItem): string | null {
  const payload = pending?.payload
  if (typeof payload !== 'object' || payload === null || !('answer' in payload)) return null
  return typeof payload.answer === 'string' ? payload.answer : JSON.stringify(payload.answer)
}

const APPROVAL_LABELS: Record<(typeof APPROVALS)[number], string> = { approve: 'Approve', deny: 'Deny' }

/** What is to be approved can be denied, whether or not it was asked with options. */
function optionsOf({ kind, options, schema }: Question): readonly AnswerOption[] {
  const decides = kind === 'approval' || kind === 'dual_control'
  if (options.length > 0 || !decides || schema !== null) return options
  return APPROVALS.map((value) => ({ value, label: APPROVAL_LABELS[value], description: null }))
}
