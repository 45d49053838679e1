/**
 * Owns the questions a run waits for: asking, and judging an answer before it is passed on.
 */
import { toPlainJson } from '../core/bounds.ts'
import type { Json } from '../core/entities.ts'
import type { Delivery } from '../core/ports.ts'
import type { AgentQuestion } from './agent.ts'
import { orAborted } from './runScope.ts'
import type { RunScope } from './runScope.ts'

export interface OpenQuestions {
  ask(question: AgentQuestion): Promise<Json>
  answer(questionId: string, answer: Json): Delivery
  waiting(): boolean
}

interface OpenQuestion {
  /** What may be answered; null when anything may. */
  values: ReadonlySet<string> | null
  resolve(answer: Json): void
}

/** `changed` is told when the run begins and ends to wait. */
export function createOpenQuestions(
  scope: RunScope,
  agentId: string,
  changed: (waiting: boolean) => void,
): OpenQuestions {
  const { runId, emitter, log, signal } = scope
  const open = new Map<string, OpenQuestion>()
  const settled = new Set<string>()
  let asked = 0

  return {
    async ask({ kind, prompt, options }) {
      asked += 1
      const questionId = `${runId}:q${asked}`
      await scope.ready()
      signal.throwIfAborted()
      // Before the status: a run that is seen waiting always has its question.
      emitter.emit(log, 'question.asked', {
        questionId,
        kind: kind ?? 'question',
        prompt,
        options: options.map(({ value, label, description }) => ({
          value,
          label,
          description: description ?? null,
        })),
        agentId,
      })
      const values = options.length > 0 ? new Set(options.map(({ value }) => value)) : null
      const isFirst = open.size === 0
      const answered = new Promise<Json>((resolve) => open.set(questionId, { values, resolve }))
      if (isFirst) changed(true)
      return orAborted(signal, () => answered)
    },

    answer(questionId, given) {
      const question = open.get(questionId)
      if (question === undefined) {
        const reason = settled.has(questionId)
          ? `Question ${questionId} is already answered.`
          : `This run has not asked ${questionId}.`
        return { kind: 'rejected', reason }
      }
      const plain = toPlainJson(given)
      if (!plain.ok) return { kind: 'rejected', reason: `The answer holds ${plain.reason}.` }
      const { value } = plain
      const { values } = question
      if (values !== null && !(typeof value === 'string' && values.has(value))) {
        const reason = `The answer is not one of the options: ${[...values].join(', ')}.`
        return { kind: 'rejected', reason }
      }
      if (values === null && (value === null || value === '')) {
        return { kind: 'rejected', reason: 'The answer is empty.' }
      }
      emitter.emit(log, 'question.settled', { questionId, state: 'answered', answer: value })
      open.delete(questionId)
      settled.add(questionId)
      if (open.size === 0) changed(false)
      question.resolve(value)
      return { kind: 'delivered' }
    },

    waiting: () => open.size > 0,
  }
}
