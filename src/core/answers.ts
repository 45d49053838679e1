/**
 * Owns whether an answer fits its question, and the name of the command that gives it. A question is shown and judged
 * alike on the page and by whoever asked. Its schema came from outside: one that cannot be used never stands in the
 * way, and none can keep the page busy. SPEC O1.
 */
import type { z } from 'zod'
import { hashOf } from './contentKey.ts'
import type { Json, Question } from './entities.ts'
import type { LogId } from './ids.ts'
import { usableSchema } from './questionSchema.ts'

/** What of a question decides which answers fit. */
export type Answerable = Pick<Question, 'kind' | 'schema'> & {
  options: readonly { readonly value: string }[]
}

/** Why the answer does not fit, in a sentence; null when it does. Whether it comes too late is not judged here. */
export function checkAnswer(question: Answerable, answer: Json): string | null {
  try {
    return judge(question, answer)
  } catch {
    // Nested beyond what can be walked.
    return 'The answer cannot be read.'
  }
}

/**
 * What a person typed, as the question wants it: JSON where its schema takes no text (`5`, `true`, `{"city":"Bonn"}`),
 * else the text.
 */
export function answerFromText(question: Answerable, typed: string): Json {
  if (checkAnswer(question, typed) === null) return typed
  try {
    const value = JSON.parse(typed) as Json
    return checkAnswer(question, value) === null ? value : typed
  } catch {
    return typed
  }
}

/** The same question in the same attempt is answered by one command, however often and wherever it is submitted. */
export const answerCommandId = (log: LogId, attempt: number, questionId: string): string =>
  `answer-${hashOf([log, attempt, questionId])}`

/** Answers to an approval that offers no options of its own. */
export const APPROVALS = ['approve', 'deny'] as const

function judge({ kind, options, schema }: Answerable, answer: Json): string | null {
  if (isEmpty(answer)) return 'The answer is empty.'
  if (options.length > 0) {
    const values = options.map(({ value }) => value)
    if (typeof answer === 'string' && values.includes(answer)) return null
    return `The answer is not one of the options: ${listed(values)}.`
  }
  const wanted = usableSchema(schema, JSON.stringify(answer).length)
  if (wanted !== null) return misfit(wanted, answer)
  const decides = kind === 'approval' || kind === 'dual_control'
  const isDecision = APPROVALS.some((each) => each === answer) || typeof answer === 'boolean'
  return decides && !isDecision ? 'The answer must be to approve or to deny.' : null
}

const isEmpty = (answer: Json): boolean =>
  answer === null || (typeof answer === 'string' && answer.trim() === '')

const OPTIONS_NAMED = 10

const listed = (values: readonly string[]): string =>
  values.length <= OPTIONS_NAMED
    ? values.join(', ')
    : `${values.slice(0, OPTIONS_NAMED).join(', ')} and ${values.length - OPTIONS_NAMED} more`

function misfit(schema: z.ZodType, answer: Json): string | null {
  const issue = firstIssue(schema, answer)
  if (issue === null) return null
  const where = issue.path.length === 0 ? '' : ` at ${issue.path.map(String).join('.')}`
  const what = issue.message.replace(/^Invalid input: /, '')
  return `The answer does not fit${where}: ${what}.`
}

function firstIssue(schema: z.ZodType, answer: Json): z.core.$ZodIssue | null {
  try {
    const parsed = schema.safeParse(answer)
    return parsed.success ? null : (parsed.error.issues[0] ?? null)
  } catch {
    // The schema asks for something it cannot judge: anything that is not empty will do.
    return null
  }
}

/** What the payload of an answer says; null for what it leaves out. */
export function readAnswer(payload: Json): { questionId: string | null; answer: Json } {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    return { questionId: null, answer: null }
  }
  const { questionId, answer } = payload as { questionId?: Json; answer?: Json }
  return { questionId: typeof questionId === 'string' ? questionId : null, answer: answer ?? null }
}
