/**
 * Owns what a command's payload must look like for each verb the local orchestrator carries out.
 */
import { z } from 'zod'
import type { Json } from '../core/entities.ts'
import type { CommandVerb, RunCommand } from '../core/commands.ts'
import { isUsableId } from '../core/ids.ts'

/** Keys make all of them safe to send twice. */
export const LOCAL_VERBS: readonly { verb: CommandVerb; idempotent: boolean }[] = [
  { verb: 'start', idempotent: true },
  { verb: 'stop', idempotent: true },
  { verb: 'answer', idempotent: true },
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
const answerSchema = z.object({
  questionId: z.string(),
  answer: z.custom<Json>((value) => value !== undefined, 'missing'),
})

export type LocalCommand =
  | { verb: 'start'; request: StartRequest }
  | { verb: 'stop' }
  | { verb: 'answer'; questionId: string; answer: Json }
  | { verb: 'unsupported'; reason: string }

export function readCommand({ verb, payload }: RunCommand): LocalCommand {
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
    case 'stop':
      return { verb }
    default:
      return { verb: 'unsupported', reason: `“${String(verb)}” is not supported by the local orchestrator.` }
  }
}

function unusable(verb: CommandVerb, error: z.ZodError): LocalCommand {
  const [issue] = error.issues
  const problem = issue === undefined ? 'unreadable' : `${issue.path.join('.')} ${issue.message}`.trim()
  return { verb: 'unsupported', reason: `The payload of “${verb}” cannot be used: ${problem}.` }
}
