/**
 * Owns what an orchestrator is sent to carry a plan out, and a single worker on: everything it needs and no text
 * that is stored already. Payloads of the commands `resume` and `retry`. SPEC R1.
 */
import { z } from 'zod'
import type { Json, Text } from '../entities.ts'
import { isUsableId } from '../ids.ts'

const id = z.string().refine(isUsableId, 'not a usable id')
const text = z.object({ preview: z.string(), chars: z.number(), ref: z.string().nullable() })
const json = z.custom<Json>((value) => value !== undefined)

/** A child as it is now, found again by its key wherever the plan's phases need such work. */
export interface KnownChild {
  runId: string
  contentKey: string
  phase: string
  agentId: string
  /** Its present attempt. */
  attempt: number
  action:
    | { kind: 'reuse'; result: Text; output: Text | null; summary: string; isOrphan: boolean }
    /** The next attempt; with a checkpoint, from there. */
    | { kind: 'relaunch'; checkpoint: Text | null }
    /** The same attempt goes on from its checkpoint, under the new owner. */
    | { kind: 'continue'; checkpoint: Text }
    /** This orchestrator drives it already. */
    | { kind: 'adopt' }
    /** Left as it is: work that needs it fails with the reason. */
    | { kind: 'leave'; reason: string }
}

/** Payload of `resume` on a workflow run that nobody drives. */
export interface ResumeOrder {
  definition: Json
  input: Json
  parentThreadId: string | null
  /** The attempt of the workflow that begins. */
  attempt: number
  /**
   * Of equal keys the first in the list goes to the first task. An entry that is only there to be left may be of no
   * run at all: it holds back work that was never begun.
   */
  children: readonly KnownChild[]
  /** Tasks without a known child that are not to be launched all the same. */
  held: readonly HeldWork[]
  /** The entries of the plan (`PlanEntry[]`), kept with the attempt it opens. */
  plan: Json
}

/** Work that depends on results to come, so that no key names it: no new run of this agent in this phase. */
export interface HeldWork {
  phase: string
  agentId: string
  reason: string
}

/** Payload of `resume`, `retry`, `answer` and `follow_up` on an agent run that nobody drives. */
export interface ChildOrder {
  workflowRunId: string
  phase: string
  agentId: string
  contentKey: string
  parentThreadId: string | null
  index: number
  item: Json
  input: Json
  /** Results it builds upon, by phase in definition order. */
  upstream: readonly { phase: string; results: readonly { runId: string; agentId: string; result: Text }[] }[]
  /** Its present attempt. */
  attempt: number
  /** Goes on in the same attempt (`continue`) or begins the next. */
  mode: 'continue' | 'attempt'
  checkpoint: Text | null
  /** New words of the person that open the attempt. */
  followUps: readonly string[]
}

const knownChild = z.object({
  runId: id,
  contentKey: z.string(),
  phase: z.string(),
  agentId: z.string(),
  attempt: z.number().int().positive(),
  action: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('reuse'),
      result: text,
      output: text.nullable(),
      summary: z.string(),
      isOrphan: z.boolean(),
    }),
    z.object({ kind: z.literal('relaunch'), checkpoint: text.nullable() }),
    z.object({ kind: z.literal('continue'), checkpoint: text }),
    z.object({ kind: z.literal('adopt') }),
    z.object({ kind: z.literal('leave'), reason: z.string() }),
  ]),
})

export const resumeOrderSchema: z.ZodType<ResumeOrder> = z.object({
  definition: json,
  input: json,
  parentThreadId: id.nullable(),
  attempt: z.number().int().positive(),
  children: z.array(knownChild),
  held: z.array(z.object({ phase: z.string(), agentId: z.string(), reason: z.string() })).default([]),
  plan: json,
})

export const childOrderSchema: z.ZodType<ChildOrder> = z.object({
  workflowRunId: id,
  phase: z.string(),
  agentId: z.string(),
  contentKey: z.string(),
  parentThreadId: id.nullable(),
  index: z.number().int().nonnegative(),
  item: json,
  input: json,
  upstream: z.array(
    z.object({
      phase: z.string(),
      results: z.array(z.object({ runId: id, agentId: z.string(), result: text })),
    }),
  ),
  attempt: z.number().int().positive(),
  mode: z.enum(['continue', 'attempt']),
  checkpoint: text.nullable(),
  followUps: z.array(z.string()),
})
