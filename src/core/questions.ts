/**
 * Owns how a run's questions are asked, answered and closed. A question is identified by its id: asked again in its
 * attempt it stays as it is, so that a replay opens nothing that was answered; asked in a later attempt it is open again.
 */
import type { Question, QuestionState } from './entities.ts'
import type { EventPayload } from './events.ts'

const SETTLED_KEPT = 20
/** Open at once in one run; older ones nobody will answer. */
const OPEN_KEPT = 100

export function askQuestion(
  questions: readonly Question[],
  payload: EventPayload<'question.asked'>,
  attempt: number,
  timestamp: number,
): readonly Question[] {
  const known = questions.find((each) => each.questionId === payload.questionId)
  if (known !== undefined && known.attempt >= attempt) return questions
  const question: Question = {
    questionId: payload.questionId,
    kind: payload.kind ?? 'question',
    prompt: payload.prompt,
    options: (payload.options ?? []).map(({ value, label, description }) => ({
      value,
      label,
      description: description ?? null,
    })),
    schema: payload.schema ?? null,
    agentId: payload.agentId ?? null,
    attempt,
    askedAt: timestamp,
    expiresAt: payload.expiresAt ?? null,
    state: 'open',
    answer: null,
    settledAt: null,
  }
  const others = questions.filter((each) => each !== known)
  const open = others.filter((each) => each.state === 'open')
  const settled = others.filter((each) => each.state !== 'open')
  if (open.length < OPEN_KEPT) return [...open, question, ...settled]
  const [oldest, ...rest] = open
  const given = oldest && { ...oldest, state: 'unknown' as const, settledAt: timestamp }
  return keep([...rest, question, ...settled], given ? [given] : [])
}

export function settleQuestion(
  questions: readonly Question[],
  payload: EventPayload<'question.settled'>,
  attempt: number,
  timestamp: number,
): readonly Question[] {
  // A later attempt that asks the same waits for a word of its own.
  const question = questions.find((each) => each.questionId === payload.questionId && each.attempt <= attempt)
  if (question === undefined || !isSettling(question, payload)) return questions
  const settled = { ...question, state: payload.state, answer: payload.answer ?? null, settledAt: timestamp }
  return keep(
    questions.filter((each) => each !== question),
    [settled],
  )
}

/** `unknown` was our conclusion when the run was lost, and that it went on does not say what it was told. */
function isSettling(
  { state, answer }: Question,
  told: Pick<EventPayload<'question.settled'>, 'state' | 'answer'>,
): boolean {
  if (state === 'answered') return answer === null && told.state === 'answered' && told.answer != null
  return state === 'open' || state === 'unknown'
}

/** The run ended, started over or went on: nobody waits for these answers any more. */
export function closeQuestions(
  questions: readonly Question[],
  state: Exclude<QuestionState, 'open'>,
  timestamp: number,
): readonly Question[] {
  const open = questions.filter((each) => each.state === 'open')
  if (open.length === 0) return questions
  return keep(
    questions.filter((each) => each.state !== 'open'),
    open.map((each) => ({ ...each, state, settledAt: timestamp })),
  )
}

/** The run lives on after all: what we only concluded nobody waits for is still asked, in the attempt it is now. */
export function reopenQuestions(
  questions: readonly Question[],
  from: number,
  attempt: number,
): readonly Question[] {
  const isReopened = ({ state, attempt: asked }: Question): boolean =>
    asked === from && (state === 'unknown' || state === 'open')
  if (!questions.some(isReopened)) return questions
  const reopened = questions
    .filter(isReopened)
    .map((each): Question => ({ ...each, attempt, state: 'open', answer: null, settledAt: null }))
  return [...reopened, ...questions.filter((each) => !isReopened(each))]
}

function keep(others: readonly Question[], settled: readonly Question[]): readonly Question[] {
  const open = others.filter((each) => each.state === 'open')
  const earlier = others.filter((each) => each.state !== 'open')
  return [...open, ...[...earlier, ...settled].slice(-SETTLED_KEPT)]
}
