/**
 * Owns what a command's payload must look like for each verb the local orchestrator carries out.
 */
import { z } from 'zod'
import type { Json } from '../core/entities.ts'
import type { CommandVerb, RunCommand } from '../core/commands.ts'
import { isRunLog, isUsableId } from '../core/ids.ts'
import { childOrderSchema, resumeOrderSchema } from '../core/resume/order.ts'
import type { ChildOrder, ResumeOrder } from '../core/resume/order.ts'

/** Keys make all of them safe to send twice. */
export const LOCAL_VERBS: readonly { verb: CommandVerb; idempotent: boolean }[] = [
  { verb: 'start', idempotent: true },
  { verb: 'stop', idempotent: true },
  { verb: 'pause', idempotent: true },
  { verb: 'resume', idempotent: true },
  { verb: 'retry', idempotent: true },
  { verb: 'answer', idempotent: true },
  { verb: 'follow_up', idempotent: true },
]

/** What `start` is given; the log it is sent to names the run. */
export interface StartRequest {
  /** Checked before anything happens. */
  definition: unknown
  input?: Json
  parentThreadId?: string | null
}

const startSchema = z.object({
  definition: z.unknown(),
  input: z.custom<Json>().optional(),
  parentThreadId: z.string().refine(isUsableId, 'not a usable id').nullish(),
})
/** Goes along when nobody drives the run. */
const order = childOrderSchema.nullish().transform((given) => given ?? null)
const orderSchema = z
  .object({ order })
  .nullish()
  .transform((given) => given?.order ?? null)
const answerSchema = z.object({
  questionId: z.string(),
  answer: z.custom<Json>((value) => value !== undefined, 'missing'),
  order,
})
const followUpSchema = z.object({
  message: z.string().refine((message) => message.trim() !== '', 'is empty'),
  order,
})

export type LocalCommand =
  | { verb: 'start'; request: StartRequest }
  | { verb: 'stop' | 'pause' }
  /** Of a workflow run: all that its new attempt needs; null to end a pause. */
  | { verb: 'resumeWorkflow'; order: ResumeOrder | null }
  | { verb: 'resume' | 'retry'; order: ChildOrder | null }
  | { verb: 'answer'; questionId: string; answer: Json; order: ChildOrder | null }
  | { verb: 'follow_up'; message: string; order: ChildOrder | null }
  | { verb: 'unusable'; reason: string }

export function readCommand({ verb, log, payload }: RunCommand): LocalCommand {
  switch (verb) {
    case 'start': {
      const parsed = startSchema.safeParse(payload)
      if (!parsed.success) return unusable(verb, parsed.error)
      const { definition, input = null, parentThreadId = null } = parsed.data
      return { verb, request: { definition, input, parentThreadId } }
    }
    case 'answer': {
      const parsed = answerSchema.safeParse(payload)
      return parsed.success ? { verb, ...parsed.data } : unusable(verb, parsed.error)
    }
    case 'follow_up': {
      const parsed = followUpSchema.safeParse(payload)
      return parsed.success ? { verb, ...parsed.data } : unusable(verb, parsed.error)
    }
    case 'resume':
      return isRunLog(log) ? readOrder(verb, payload) : readResume(payload)
    case 'retry':
      return readOrder(verb, payload)
    case 'stop':
    case 'pause':
      return { verb }
  }
}

function readOrder(verb: 'resume' | 'retry', payload: Json): LocalCommand {
  const parsed = orderSchema.safeParse(payload)
  return parsed.success ? { verb, order: parsed.data } : unusable(verb, parsed.error)
}

function readResume(payload: Json): LocalCommand {
  if (payload === null) return { verb: 'resumeWorkflow', order: null }
  const parsed = resumeOrderSchema.safeParse(payload)
  return parsed.success ? { verb: 'resumeWorkflow', order: parsed.data } : unusable('resume', parsed.error)
}

function unusable(verb: CommandVerb, error: z.ZodError): LocalCommand {
  const [issue] = error.issues
  const problem = issue === undefined ? 'unreadable' : `${issue.path.join('.')} ${issue.message}`.trim()
  return { verb: 'unusable', reason: `The payload of “${verb}” cannot be used: ${problem}.` }
}
