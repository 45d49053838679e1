/**
 * Owns the vocabulary: every event type with the schema of its payload. A type and its decoder are one
 * declaration; the fold decides what it means. Unknown types are not listed here, they become `foreign`.
 */
import { z } from 'zod'
import { INLINE_LIMIT } from './bounds.ts'
import { QUESTION_KINDS, RUN_KINDS, TOOL_CALL_STATUSES, TOOL_EFFECTS } from './entities.ts'
import type { Json, Text } from './entities.ts'
import type { LogId, Position } from './ids.ts'
import { isUsableId } from './ids.ts'
import { RUN_STATUSES, TRIGGERS, WORKFLOW_STATUSES } from './status.ts'

const id = z.string().refine(isUsableId, 'not a usable id')
const count = z.number().int().nonnegative()
const amount = z.number().nonnegative()
/** Short text. Anything longer belongs into a `text` field, which is cut and referenced. */
const line = z.string().max(INLINE_LIMIT)

/** Sources give long text as a string or, once prepared, as preview + reference. */
const text = z.union([
  z.string().transform((whole): Text => ({ preview: whole, chars: whole.length, ref: null })),
  z.object({
    preview: z.string(),
    chars: count,
    ref: z.string().nullable(),
    redacted: z.literal(true).optional(),
  }),
])

/** Bounded by `bounds.ts` before any schema sees it, so the JSON itself needs no second walk. */
const json = z.custom<Json>((value) => value !== undefined)

const runStatus = z.enum(RUN_STATUSES)
const workflowStatus = z.enum(WORKFLOW_STATUSES)
const phaseStatus = workflowStatus.exclude(['awaiting_user', 'paused'])
const trigger = z.enum(TRIGGERS)

const origin = z.object({
  source: line.nullish(),
  traceId: line.nullish(),
  trigger: line.nullish(),
  replayOf: id.nullish(),
})

/** When it began and ended, for what is first heard of later than that. */
const times = { startedAt: count.nullish(), completedAt: count.nullish() }

const question = {
  questionId: id,
  kind: z.enum(QUESTION_KINDS).optional(),
  prompt: line,
  options: z
    .array(z.object({ value: line, label: line, description: line.nullish() }))
    .max(50)
    .optional(),
  schema: json.optional(),
  agentId: line.nullish(),
  expiresAt: count.nullish(),
}

/** Absolute; what is absent is unknown. */
const figures = {
  inputTokens: count.nullish(),
  outputTokens: count.nullish(),
  cachedInputTokens: count.nullish(),
  reasoningTokens: count.nullish(),
  costUsd: amount.nullish(),
}

const runFields = {
  kind: z.enum(RUN_KINDS).optional(),
  parentRunId: id.nullish(),
  rootRunId: id.nullish(),
  workflowRunId: id.nullish(),
  phase: line.nullish(),
  contentKey: line.nullish(),
  parentThreadId: id.nullish(),
  workerThreadId: id.nullish(),
  parentCallId: line.nullish(),
  agentId: line.nullish(),
  agentName: line.nullish(),
  prompt: text.nullish(),
  taskBoardId: line.nullish(),
  taskCardId: line.nullish(),
  origin: origin.nullish(),
  metadata: z.record(z.string(), json).optional(),
  ...times,
}

const transitionFields = {
  trigger,
  reason: line.nullish(),
  error: line.nullish(),
  summary: line.nullish(),
  output: text.nullish(),
  /** What is handed on to later work, as JSON. */
  result: text.nullish(),
  /** Of an agent run: what is to be known of this attempt's end; replaces what an earlier one left. */
  metadata: z.record(z.string(), json).optional(),
  /** Ours, not the owner's word. */
  inferred: z.boolean().optional(),
  /** With `inferred`: when the run or a child of it was last heard of. */
  lastSeenAt: count.nullish(),
}

const phases = z
  .array(
    z.object({
      name: line,
      description: line.nullish(),
      agentIds: z.array(line),
      dependsOn: z.array(line),
    }),
  )
  .max(200)

export const eventSchemas = {
  // --- agent runs
  'run.registered': z.looseObject({ ...runFields, status: runStatus.optional() }),
  'run.transitioned': z.looseObject({ to: runStatus, ...transitionFields }),
  'run.attempt_started': z.looseObject({
    trigger,
    attempt: z.number().int().positive().optional(),
    status: runStatus.optional(),
  }),
  /** A row seen in a list or an import: fills what is missing, moves the status only as `judge` allows. */
  'run.observed': z.looseObject({
    ...runFields,
    status: runStatus.optional(),
    trigger: trigger.optional(),
    summary: line.nullish(),
    error: line.nullish(),
    inferred: z.boolean().optional(),
    /** What it waits for, if that is not known yet. */
    question: z.object(question).nullish(),
  }),
  'run.linked': z.looseObject({ parentRunId: id.optional(), childRunId: id.optional() }),
  'iteration.started': z.looseObject({ iteration: count, max: count.nullish() }),
  'tool.started': z.looseObject({
    callId: line.nullish(),
    name: line,
    label: line.nullish(),
    detail: line.nullish(),
    effect: z.enum(TOOL_EFFECTS).nullish(),
    iteration: count.optional(),
    args: text.nullish(),
  }),
  'tool.finished': z.looseObject({
    callId: line.nullish(),
    name: line.optional(),
    label: line.nullish(),
    detail: line.nullish(),
    iteration: count.optional(),
    status: z.enum(TOOL_CALL_STATUSES).exclude(['running']),
    args: text.nullish(),
    output: text.nullish(),
    failure: line.nullish(),
    elapsedMs: amount.nullish(),
    outputChars: count.nullish(),
  }),
  'question.asked': z.looseObject(question),
  'question.settled': z.looseObject({
    questionId: id,
    state: z.enum(['answered', 'denied', 'timed_out', 'superseded', 'unknown']),
    answer: json.optional(),
  }),
  'checkpoint.saved': z.looseObject({ state: text }),
  'checkpoint.cleared': z.looseObject({}),
  'usage.reported': z.looseObject({
    key: line,
    scope: z.enum(['own', 'subtree']),
    ...figures,
    /** Of a subtree's figures: what is other runs', each of which reports or is told its own. */
    includes: z
      .array(z.object({ runId: id, ...figures }))
      .max(1_000)
      .nullish(),
    costSource: z.enum(['charged', 'estimated']).nullish(),
    model: line.nullish(),
    provider: line.nullish(),
  }),
  'artifact.recorded': z.looseObject({ name: line, mediaType: line, content: text }),
  'transcript.compacted': z.looseObject({ before: count.nullish(), after: count.nullish() }),
  'handoff.recorded': z.looseObject({ target: line, task: line.nullish() }),

  // --- workflow runs
  'workflow.registered': z.looseObject({
    definitionId: id,
    title: line.nullish(),
    definition: json.optional(),
    phases,
    parentThreadId: id.nullish(),
    input: json.optional(),
    origin: origin.nullish(),
    status: workflowStatus.optional(),
    ...times,
  }),
  'workflow.transitioned': z.looseObject({ to: workflowStatus, ...transitionFields }),
  'workflow.attempt_started': z.looseObject({
    trigger,
    attempt: z.number().int().positive().optional(),
    status: workflowStatus.optional(),
    /** The resume plan it follows, as JSON. */
    plan: text.nullish(),
    /** What it runs, where that may be other than what the attempt before ran. */
    definition: json.optional(),
    phases: phases.optional(),
    input: json.optional(),
  }),
  'phase.transitioned': z.looseObject({
    phase: line,
    to: phaseStatus,
    reason: line.nullish(),
  }),

  // --- either
  'control.requested': z.looseObject({ commandId: id, verb: line, detail: line.nullish() }),
  'control.settled': z.looseObject({
    commandId: id,
    state: z.enum(['applied', 'rejected', 'expired', 'unknown']),
    detail: line.nullish(),
  }),
  'log.gap': z.looseObject({ stream: line, from: count, to: count }),
  foreign: z.looseObject({ source: line, name: line, value: json.optional() }),
} as const

export type EventType = keyof typeof eventSchemas
export type EventPayload<Type extends EventType> = z.infer<(typeof eventSchemas)[Type]>

/** Never written: they reach the live rows and are gone after a reload. */
export const transientSchemas = {
  'text.delta': z.object({
    kind: z.enum(['text', 'thinking']),
    text: z.string(),
    iteration: count.optional(),
  }),
  'args.delta': z.object({ callId: line, text: z.string() }),
  heartbeat: z.object({}),
} as const

export type TransientType = keyof typeof transientSchemas
export type TransientPayload<Type extends TransientType> = z.infer<(typeof transientSchemas)[Type]>

interface Envelope {
  log: LogId
  /** The source's clock, epoch milliseconds. */
  timestamp: number
  position: Position
}

/** A decoded event on its way into a log; it gets its sequence and attempt when it is accepted. */
export type SourceEvent = Envelope & { stream: string } & {
    [Type in EventType]: { type: Type; payload: EventPayload<Type> }
  }[EventType]

export type TransientEvent = Envelope & { stream: string } & {
    [Type in TransientType]: { type: Type; payload: TransientPayload<Type> }
  }[TransientType]

/** What a source hands over for a stream: not yet validated, so only the shape we hope for. */
export interface RawEvent {
  log: string
  type: string
  payload: unknown
  timestamp: number
  position: Position
}

/** What the source promises about a stream's positions. */
export interface StreamInfo {
  id: string
  /** Positions are numbers without holes, so a missing one is worth waiting for. */
  contiguous: boolean
  /** First position of a contiguous stream. */
  first: number
  /** `repair` streams (lists, polls, imports) only count when they change something. */
  kind: 'live' | 'repair'
}

export const isTransientType = (type: string): type is TransientType => Object.hasOwn(transientSchemas, type)
export const isEventType = (type: string): type is EventType => Object.hasOwn(eventSchemas, type)
