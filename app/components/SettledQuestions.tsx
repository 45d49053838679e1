/** Owns questions that are over: what was asked, what was answered, and when. */
import type { Json, Question, QuestionState } from 'run-ledger'
import { formatClock } from '../lib/format.ts'
import { visible } from '../lib/visible.ts'

const STATES: Record<QuestionState, string> = {
  open: 'Open',
  answered: 'Answered',
  denied: 'Denied',
  timed_out: 'Timed out',
  superseded: 'Superseded',
  unknown: 'Never answered',
}

export function SettledQuestions({ questions }: { questions: readonly Question[] }) {
  const settled = questions.filter(({ state }) => state !== 'open')
  if (settled.length === 0) return null
  return (
    <ul className="settled-questions">
      {settled.map((question) => (
        <li key={question.questionId} data-testid="settled-question" data-status={question.state}>
          <p>{visible(question.prompt)}</p>
          <p className="settled-answer">
            {STATES[question.state]}
            {question.state === 'answered' && question.answer !== null && (
              <strong>{visible(labelOf(question))}</strong>
            )}
            {question.settledAt !== null && <time>{formatClock(question.settledAt)}</time>}
          </p>
        </li>
      ))}
    </ul>
  )
}

function labelOf({ answer, options }: Question): string {
  const option = options.find(({ value }) => value === answer)
  return option?.label ?? readable(answer)
}

/** Decisions come as identifiers. */
function readable(answer: Json): string {
  if (typeof answer !== 'string') return JSON.stringify(answer)
  const words = answer.replaceAll('_', ' ')
  return /^[a-z_]+$/.test(answer) ? words.charAt(0).toUpperCase() + words.slice(1) : answer
}
