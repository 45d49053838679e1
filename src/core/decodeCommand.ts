/**
 * Owns reading a command that comes from outside: from an archive, or from another page. SPEC A1.
 */
import { z } from 'zod'
import { INLINE_LIMIT, toPlainJson } from './bounds.ts'
import { COMMAND_STATES, COMMAND_VERBS } from './commands.ts'
import type { RunCommand } from './commands.ts'
import type { Json } from './entities.ts'
import { isUsableId } from './ids.ts'
import type { LogId } from './ids.ts'

const id = z.string().refine(isUsableId)
const time = z.number().int().nonnegative()
const line = z.string().max(INLINE_LIMIT)

const commandSchema = z.object({
  id,
  log: z.custom<LogId>(
    (value) => typeof value === 'string' && /^[rw]:/.test(value) && isUsableId(value.slice(2)),
  ),
  verb: z.enum(COMMAND_VERBS),
  payload: z.custom<Json>((value) => value !== undefined),
  withheld: z.literal(true).exactOptional(),
  idempotencyKey: line,
  attempt: z.number().int().positive(),
  sender: line,
  state: z.enum(COMMAND_STATES),
  createdAt: time,
  expiresAt: time,
  settledAt: time.nullable(),
  detail: line.nullable(),
})

/** The command as plain JSON, or null when it is none. Never throws. */
export function decodeCommand(raw: unknown): RunCommand | null {
  const plain = toPlainJson(raw)
  if (!plain.ok) return null
  const parsed = commandSchema.safeParse(plain.value)
  return parsed.success ? parsed.data : null
}
