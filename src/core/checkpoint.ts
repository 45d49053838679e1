/**
 * Owns what a waiting or paused worker keeps of itself: what its tools and its person told it so far, in the order
 * it asked. A worker that is continued runs its code again and is given the same answers, without a call being made
 * twice. A checkpoint that is damaged or of other work says so and is never used. SPEC R1.
 */
import { z } from 'zod'
import { hashOf } from './contentKey.ts'
import type { Json } from './entities.ts'

export interface CheckpointState {
  runId: string
  agentId: string
  /** Content key of the work it belongs to. */
  contentKey: string
  attempt: number
  iteration: number
  /** Everything the worker was told, in the order it asked. */
  history: readonly HistoryEntry[]
  /** The question it waits for; null when it was paused. */
  questionId: string | null
}

export type HistoryEntry =
  | { kind: 'tool'; callId: string; name: string; argsHash: string; result: Json }
  | { kind: 'toolFailed'; callId: string; name: string; argsHash: string; failure: string }
  | { kind: 'answer'; questionId: string; answer: Json }
  /** `call`: the number of the asking that handed it out, 0 when it opened the attempt; absent while it waits. */
  | { kind: 'followUp'; message: string; call?: number | undefined }

const json = z.custom<Json>((value) => value !== undefined)
const entry = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('tool'),
    callId: z.string(),
    name: z.string(),
    argsHash: z.string(),
    result: json,
  }),
  z.object({
    kind: z.literal('toolFailed'),
    callId: z.string(),
    name: z.string(),
    argsHash: z.string(),
    failure: z.string(),
  }),
  z.object({ kind: z.literal('answer'), questionId: z.string(), answer: json }),
  z.object({
    kind: z.literal('followUp'),
    message: z.string(),
    call: z.number().int().nonnegative().optional(),
  }),
])
const schema = z.object({
  runId: z.string(),
  agentId: z.string(),
  contentKey: z.string(),
  attempt: z.number().int().positive(),
  iteration: z.number().int().nonnegative(),
  history: z.array(entry),
  questionId: z.string().nullable(),
})
const envelope = z.object({ checkpoint: z.literal(1), digest: z.string(), state: json })

export const encodeCheckpoint = (state: CheckpointState): string =>
  JSON.stringify({ checkpoint: 1, digest: hashOf(state as unknown as Json), state })

export type DecodedCheckpoint = { ok: true; state: CheckpointState } | { ok: false; reason: string }

/** Reads a checkpoint back and checks whose it is. `reason`: a sentence for the person. Never throws. */
export function decodeCheckpoint(
  text: string,
  expected: { runId: string; agentId?: string | null; contentKey?: string | null },
): DecodedCheckpoint {
  const bad = (reason: string): DecodedCheckpoint => ({ ok: false, reason })
  const read = readState(text)
  if (typeof read === 'string') return bad(read)
  const { state } = read
  const { runId, agentId, contentKey } = expected
  if (state.runId !== runId) return bad(`Its checkpoint belongs to ${state.runId}.`)
  if ((agentId ?? state.agentId) !== state.agentId) {
    return bad(`Its checkpoint is of the agent ${state.agentId}, not of ${String(agentId)}.`)
  }
  if ((contentKey ?? state.contentKey) !== state.contentKey) return bad('Its checkpoint is of other inputs.')
  return { ok: true, state }
}

/** The state, or what is wrong with the text. */
function readState(text: string): { state: CheckpointState } | string {
  try {
    const enveloped = envelope.safeParse(JSON.parse(text))
    if (!enveloped.success) return 'Its checkpoint is not one of this orchestrator.'
    if (hashOf(enveloped.data.state) !== enveloped.data.digest) return 'Its checkpoint is damaged.'
    const parsed = schema.safeParse(enveloped.data.state)
    return parsed.success ? { state: parsed.data } : 'Its checkpoint is not complete.'
  } catch {
    // No JSON, or nested beyond what can be walked.
    return 'Its checkpoint cannot be read.'
  }
}
