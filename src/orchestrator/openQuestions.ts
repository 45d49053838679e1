/**
 * Owns the questions a run waits for: asking, and judging an answer before it is passed on.
 */
import { toPlainJson } from '../core/bounds.ts'
import { checkAnswer } from '../core/answers.ts'
import type { Answerable } from '../core/answers.ts'
import type { Json } from '../core/entities.ts'
import type { Delivery } from '../core/ports.ts'
import type { AgentQuestion } from './agent.ts'
import { orAborted } from './abort.ts'
import { toldAgain } from './runScope.ts'
import type { RunScope } from './runScope.ts'

export interface OpenQuestions {
  ask(question: AgentQuestion): Promise<Json>
  answer(questionId: string, answer: Json): Delivery
  waiting(): boolean
  /** The one that has waited longest; null when none does. */
  oldest(): string | null
}

interface OpenQuestion {
  question: Answerable
  resolve(answer: Json): void
}

interface QuestionSetup {
  agentId: string
  attempt: number
  /** The question a continued run waits for and has not come to again. */
  expected: string | null
  /** Told when a question opens and when one is answered, after it was told to the ledger. */
  changed(isAnswer: boolean): void
}

/** A question of a later attempt is another one: the first attempt's was closed with it. */
const idOf = (runId: string, attempt: number, number: number): string =>
  attempt === 1 ? `${runId}:q${number}` : `${runId}:${attempt}-q${number}`

export function createOpenQuestions(scope: RunScope, setup: QuestionSetup): OpenQuestions {
  const { runId, emitter, log, signal, history, gate } = scope
  const { agentId, attempt, changed } = setup
  const open = new Map<string, OpenQuestion>()
  const settled = new Set<string>()
  let { expected } = setup
  let asked = 0

  const rejected = (reason: string): Delivery => ({ kind: 'rejected', reason })

  function tellAnswer(questionId: string, answer: Json): void {
    emitter.emit(log, 'question.settled', { questionId, state: 'answered', answer })
    settled.add(questionId)
  }

  /** The answer comes before the agent, told again what it was told, has come to its question. */
  function answerExpected(questionId: string, answer: Json): Delivery {
    if (answer === null || answer === '') return rejected('The answer is empty.')
    tellAnswer(questionId, answer)
    expected = null
    history.answered(questionId, answer)
    changed(true)
    return { kind: 'delivered' }
  }

  return {
    async ask({ kind = 'question', prompt, options, schema = null, expiresAt = null }) {
      asked += 1
      const questionId = idOf(runId, attempt, asked)
      const number = asked
      let isOpen = false
      if (history.isReplaying()) {
        const told = await toldAgain(scope, () => history.question(number))
        if (told.kind === 'result') return told.value
        isOpen = told.kind === 'open'
      }
      if (!isOpen) {
        await scope.ready()
        signal.throwIfAborted()
        // Before the status: a run that is seen waiting always has its question.
        emitter.emit(log, 'question.asked', {
          questionId,
          kind,
          prompt,
          options: options.map(({ value, label, description }) => ({
            value,
            label,
            description: description ?? null,
          })),
          schema,
          agentId,
          expiresAt,
        })
      }
      const question = { kind, options, schema }
      const answered = new Promise<Json>((resolve) => open.set(questionId, { question, resolve }))
      if (expected === questionId) expected = null
      if (!isOpen) changed(false)
      const answer = await orAborted(signal, () => answered)
      if (gate.isShut()) await gate.passed(signal)
      return answer
    },

    answer(questionId, given) {
      const plain = toPlainJson(given)
      if (!plain.ok) return rejected(`The answer holds ${plain.reason}.`)
      if (questionId === expected) return answerExpected(questionId, plain.value)
      const waits = open.get(questionId)
      if (waits === undefined) {
        return rejected(
          settled.has(questionId)
            ? `Question ${questionId} is already answered.`
            : `This run has not asked ${questionId}.`,
        )
      }
      const { value } = plain
      const misfit = checkAnswer(waits.question, value)
      if (misfit !== null) return rejected(misfit)
      tellAnswer(questionId, value)
      open.delete(questionId)
      history.told({ kind: 'answer', questionId, answer: value })
      changed(true)
      waits.resolve(value)
      return { kind: 'delivered' }
    },

    waiting: () => open.size > 0 || expected !== null,
    oldest: () => expected ?? open.keys().next().value ?? null,
  }
}
