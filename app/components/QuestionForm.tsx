/**
 * Owns answering an open question: choices by mouse, arrows or number keys, a free text where there are no
 * choices, and how far the answer got.
 */
import { useEffect, useId, useState } from 'react'
import type { FormEvent } from 'react'
import { useRunActions } from 'run-ledger/react'
import type { RunAction } from 'run-ledger/react'
import type { Json, PendingQuestion } from 'run-ledger'
import { Link } from 'wouter'
import { runHref } from '../lib/links.ts'
import { isTyping } from '../lib/keys.ts'
import { visible } from '../lib/visible.ts'

interface QuestionFormProps {
  pending: PendingQuestion
  /** Number keys anywhere on the page: only when it is the one question there. */
  hotkeys: boolean
}

export function QuestionForm({ pending, hotkeys }: QuestionFormProps) {
  const { log, runId, agentName, question } = pending
  const { options, prompt, questionId } = question
  const { answer } = useRunActions(log)
  const [value, setValue] = useState('')
  const [sent, setSent] = useState(false)
  const id = useId()
  useNumberKeys(hotkeys ? options.length : 0, (index) => setValue(options[index]?.value ?? ''))

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault()
    if (value.trim() === '' || !answer.can || answer.pending) return
    const command = await answer.run(questionId, value)
    setSent(command?.state === 'delivered' || command?.state === 'applied')
  }

  return (
    <form className="question" data-testid="question" data-row-id={questionId} onSubmit={submit}>
      <p className="question-from">
        <Link href={runHref(runId)}>{agentName ?? 'An agent'}</Link> asks
      </p>
      <fieldset disabled={answer.pending || sent}>
        <legend id={id}>{visible(prompt)}</legend>
        {options.length > 0 ? (
          <div className="options">
            {options.map((option, index) => (
              <label key={option.value} className="option" data-testid="answer-option">
                <input
                  type="radio"
                  name={id}
                  value={option.value}
                  checked={value === option.value}
                  onChange={() => setValue(option.value)}
                />
                <span className="option-text">
                  <span>{visible(option.label)}</span>
                  {option.description !== null && <small>{visible(option.description)}</small>}
                </span>
                {index < 9 && <kbd aria-hidden="true">{index + 1}</kbd>}
              </label>
            ))}
          </div>
        ) : (
          <textarea
            rows={3}
            aria-labelledby={id}
            value={value}
            data-testid="answer-text"
            onChange={(event) => setValue(event.target.value)}
          />
        )}
      </fieldset>
      <div className="question-foot">
        <button
          type="submit"
          className="button button-primary"
          data-testid="answer-submit"
          disabled={!answer.can || answer.pending || sent || value.trim() === ''}
        >
          Send answer
        </button>
        <Progress action={answer} sent={sent} />
      </div>
    </form>
  )
}

function Progress({
  action,
  sent,
}: {
  action: RunAction<[questionId: string, answer: Json]>
  sent: boolean
}) {
  if (action.error !== null) {
    return (
      <p className="note note-bad" role="alert">
        {action.error}
      </p>
    )
  }
  return (
    <p className="note" role="status">
      {action.whyNot ?? (sent ? 'Sent. The agent goes on.' : action.pending ? 'Queued, sending…' : '')}
    </p>
  )
}

/** Keys 1–9 choose, unless the person is typing somewhere. */
function useNumberKeys(options: number, choose: (index: number) => void): void {
  useEffect(() => {
    if (options === 0) return
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const index = Number(event.key) - 1
      if (!Number.isInteger(index) || index < 0 || index >= Math.min(options, 9)) return
      event.preventDefault()
      choose(index)
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  })
}
