/**
 * Owns how rows of the core's ledger are read: those of older cores and of newer ones alike, with fields missing, null
 * or unknown. A field of another type than promised is as good as absent; only the id is indispensable.
 */
import { z } from 'zod'
import type { Json } from '../../core/entities.ts'
import { RUN_KINDS } from '../../core/entities.ts'
import { isUsableId } from '../../core/ids.ts'
import { isSettled } from '../../core/status.ts'
import { timeOf } from './envelope.ts'
import { OPEN_HUMAN_STATUSES } from './views.ts'
import type { OpenHumanStatus } from './views.ts'

const id = z.string().refine(isUsableId)
const text = z.string().nullish().catch(null)
const figure = z.number().nonnegative().nullish().catch(null)
const count = z.number().int().nonnegative().nullish().catch(null)
const json = z.custom<Json>(() => true)
const object = z.record(z.string(), json).nullish().catch(null)

/** One that is none of these says nothing. */
const status = z.enum(OPEN_HUMAN_STATUSES).nullish().catch(null)

const times = { startedAt: text, updatedAt: text, completedAt: text }

const checkpoint = z
  .looseObject({ question: text, checkpointPersisted: z.boolean().nullish().catch(null) })
  .nullish()
  .catch(null)

const telemetry = z
  .looseObject({
    inputTokens: count,
    outputTokens: count,
    cachedInputTokens: count,
    costUsd: figure,
    toolCount: count,
    model: text,
    provider: text,
  })
  .nullish()
  .catch(null)

const agentRow = z.looseObject({
  id,
  kind: z.enum(RUN_KINDS).optional().catch(undefined),
  parentRunId: text,
  parentThreadId: text,
  agentId: text,
  status,
  promptRef: text,
  workerThreadId: text,
  taskBoardId: text,
  taskCardId: text,
  checkpointPath: text,
  checkpoint,
  summary: text,
  error: text,
  metadata: object,
  telemetry,
  ...times,
})
export type AgentRow = z.infer<typeof agentRow>

const phaseState = z.looseObject({
  status: z.enum(['pending', 'running', 'completed', 'failed']).nullish().catch(null),
  outputs: z
    .array(z.looseObject({ orchestrationId: text, agentId: text, output: json.optional() }).catch({}))
    .nullish()
    .catch(null),
  reason: text,
})
export type PhaseState = z.infer<typeof phaseState>

const workflowRow = z.looseObject({
  id,
  definitionId: z.string().refine(isUsableId).nullish().catch(null),
  parentThreadId: text,
  input: json.optional(),
  phaseStates: z.record(z.string(), phaseState).nullish().catch(null),
  childRunIds: z.array(z.string()).nullish().catch(null),
  status,
  summary: text,
  /** Of newer cores. */
  revision: count,
  leaseExpiresAt: text,
  ...times,
})
export type WorkflowRow = z.infer<typeof workflowRow>

const names = z.array(z.string()).nullish().catch(null)

const definition = z.looseObject({
  id,
  name: text,
  phases: z
    .array(z.looseObject({ name: z.string(), description: text, agentIds: names, dependsOn: names }))
    .nullish()
    .catch(null),
})
export type Definition = z.infer<typeof definition>

const member = z.looseObject({
  id: text,
  teamId: text,
  name: text,
  agentId: text,
  memberStatus: text,
  workerThreadId: text,
  runId: id.nullish().catch(null),
})
export type Member = z.infer<typeof member>

const runEvent = z.looseObject({
  runId: id,
  sequence: z.number().int().positive(),
  eventType: z.string().min(1),
  payload: object,
  timestamp: text,
})
export type RunEventRow = z.infer<typeof runEvent>

const reader =
  <Row>(schema: z.ZodType<Row>) =>
  (value: unknown): Row | null => {
    const parsed = schema.safeParse(value)
    return parsed.success ? parsed.data : null
  }

/** Null: nothing can be made of it. */
export const readAgentRow = reader(agentRow)
export const readWorkflowRow = reader(workflowRow)
export const readDefinition = reader(definition)
export const readMember = reader(member)
export const readRunEvent = reader(runEvent)

interface Times {
  startedAt?: string | null | undefined
  updatedAt?: string | null | undefined
}

interface Standing {
  status?: OpenHumanStatus | null | undefined
}

/** When a row was written; null when it does not say. */
export const writtenAt = (row: Times): number | null => timeOf(row.updatedAt) ?? timeOf(row.startedAt)

export const isOver = ({ status: of }: Standing): boolean => of != null && isSettled(of)

export const isInFlight = ({ status: of }: Standing): boolean => of != null && !isSettled(of)
