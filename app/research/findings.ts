/**
 * Owns what the agents hand to each other: sub-questions, findings, disagreements. Each is read back through
 * its schema, since a workflow may continue from stored results.
 */
import { z } from 'zod'
import type { Json } from 'run-ledger'
import type { UpstreamResult } from 'run-ledger/orchestrator'
import { VALUE_KINDS } from './values.ts'

const valueSchema = z.object({ kind: z.enum(VALUE_KINDS), text: z.string(), key: z.string() })

export const subQuestionSchema = z.object({
  id: z.string(),
  text: z.string(),
  /** `part` is asked by the person; the others look at the same subject from another side. */
  kind: z.enum(['part', 'figures', 'exceptions', 'overview']),
  terms: z.array(z.string()),
  /** Terms of the whole question, which say what a short part is about. */
  context: z.array(z.string()),
  /** Kinds of value that would answer it. */
  expects: z.array(z.enum(VALUE_KINDS)),
})
export type SubQuestion = z.infer<typeof subQuestionSchema>

export const findingSchema = z.object({
  /** Of place and wording; the same for the same documents. */
  id: z.string(),
  subQuestion: z.string(),
  sentence: z.string(),
  /** What the sentence cannot be understood without. */
  lead: z.string().nullable(),
  file: z.string(),
  line: z.int(),
  endLine: z.int(),
  /** Place within its passage: several statements may share a line. */
  position: z.int(),
  heading: z.string().nullable(),
  score: z.number(),
  /** What it is a statement about: its terms without values and framing words. */
  subjectKey: z.string(),
  values: z.array(valueSchema),
  denies: z.boolean(),
  row: z.boolean(),
})
export type Finding = z.infer<typeof findingSchema>

export const planSchema = z.object({ items: z.array(subQuestionSchema), missing: z.array(z.string()) })
export type Plan = z.infer<typeof planSchema>

export const researchSchema = z.object({ subQuestion: subQuestionSchema, findings: z.array(findingSchema) })
export type Research = z.infer<typeof researchSchema>

const placeSchema = z.object({ file: z.string(), line: z.int(), endLine: z.int(), sentence: z.string() })
/** Where a sentence stands. */
export type Place = z.infer<typeof placeSchema>

/** A finding and every other place that says the same, in these words or others. */
const mergedSchema = findingSchema.extend({ also: z.array(placeSchema) })
export type MergedFinding = z.infer<typeof mergedSchema>

const disagreementSchema = z.object({
  id: z.string(),
  subQuestion: z.string(),
  /** What the claims differ in: `30 days or 14 days`. */
  about: z.string(),
  claims: z.array(mergedSchema),
  /** `claim`: rely on `chosen`; `both`: report all as disputed; `unasked`: too many to ask about. */
  decision: z.enum(['claim', 'both', 'unasked']),
  chosen: z.string().nullable(),
  /** The person's own words, when they chose no option. */
  note: z.string().nullable(),
})
export type Disagreement = z.infer<typeof disagreementSchema>

export const reviewSchema = z.object({
  accepted: z.array(mergedSchema),
  disputed: z.array(disagreementSchema),
  /** What the person decided, in words. */
  decisions: z.array(z.string()),
  widened: z.boolean(),
})
export type Review = z.infer<typeof reviewSchema>

/** The outputs of a phase that have the shape; throws when one has not, since that is our own mistake. */
export function upstreamOf<Output>(
  upstream: Readonly<Record<string, readonly UpstreamResult[]>>,
  phase: string,
  schema: z.ZodType<Output>,
): Output[] {
  const results = Object.hasOwn(upstream, phase) ? (upstream[phase] ?? []) : []
  return results.map(({ output }) => readOutput(output, schema, `result of ${phase}`))
}

export function readOutput<Output>(json: Json, schema: z.ZodType<Output>, what: string): Output {
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw new Error(`The ${what} cannot be read: ${parsed.error.issues[0]?.message ?? ''}`)
  return parsed.data
}

/** A short stable name for a text (FNV-1a); for ids, not for secrets. */
export function hash(text: string): string {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  }
  return (value >>> 0).toString(16).padStart(8, '0')
}
