/**
 * Owns the shapes of harn's records. Read field by field: one that does not fit costs itself, is reported with its
 * path, and stays in the kept original; what is absent is null.
 */
import { z } from 'zod'
import type { Json } from '../../core/entities.ts'

export type JsonObject = { readonly [key: string]: Json }

const str = z.string()
const num = z.number()
const bool = z.boolean()
const list = z.array(z.custom<Json>())
const map = z.custom<JsonObject>(isObject, 'expected an object')
/** Whatever JSON harn's callers put there: kept and handed on, never looked into. */
const opaque = z.custom<Json>()
/** Free text and times: some writers put numbers there. */
const stamp = z.union([z.string(), z.number()])
const strings = z.array(z.string())

/** Where what cannot be used is told of. */
export type Skip = (path: string, reason: string) => void

type Shape = Record<string, z.ZodType>
export type Read<S extends Shape> = { [Name in keyof S]: z.infer<S[Name]> | null }

/** Reads the fields of one record. */
export function readRecord<S extends Shape>(shape: S, raw: Json, path: string, skip: Skip): Read<S> {
  const object: JsonObject = isObject(raw) ? raw : {}
  const read = Object.entries(shape).map(([name, schema]): [string, unknown] => {
    const value = Object.hasOwn(object, name) ? object[name] : null
    if (value === null || value === undefined) return [name, null]
    const parsed = schema.safeParse(value)
    if (parsed.success) return [name, parsed.data]
    skip(`${path}.${name}`, parsed.error.issues[0]?.message ?? 'does not fit')
    return [name, null]
  })
  // Built from the shape's own names, each value checked by that name's schema.
  return Object.fromEntries(read) as Read<S>
}

export interface ReadItem<S extends Shape> {
  path: string
  raw: JsonObject
  value: Read<S>
}

/** Reads a list item by item; what is no record is reported and left out. */
export function readList<S extends Shape>(
  shape: S,
  items: readonly Json[] | null,
  path: string,
  skip: Skip,
): ReadItem<S>[] {
  return (items ?? []).flatMap((raw, index) => {
    const at = `${path}[${index}]`
    if (isObject(raw)) return [{ path: at, raw, value: readRecord(shape, raw, at, skip) }]
    skip(at, 'expected an object')
    return []
  })
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of what should be a list of them; what else is in it is left out. */
export const objectsIn = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : []

/** Without the fields that say nothing. */
export const withoutNulls = (told: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null && value !== ''))

/** Text that says something; null for an empty one, and for what is no text. */
export const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null

export const RUN = {
  _type: str,
  id: str,
  workflow_id: str,
  workflow_name: str,
  task: str,
  status: str,
  started_at: stamp,
  finished_at: stamp,
  parent_run_id: str,
  root_run_id: str,
  stages: list,
  transitions: list,
  checkpoints: list,
  pending_nodes: strings,
  completed_nodes: strings,
  child_runs: list,
  artifacts: list,
  handoffs: list,
  policy: map,
  execution: map,
  transcript: opaque,
  usage: map,
  replay_fixture: map,
  observability: map,
  trace_spans: list,
  tool_recordings: list,
  hitl_questions: list,
  metadata: map,
  persisted_path: str,
}
export type Run = Read<typeof RUN>

/** How a stage, and each of its attempts, went. */
const COURSE = {
  status: str,
  outcome: str,
  branch: str,
  verification: opaque,
  started_at: stamp,
  finished_at: stamp,
}

export const STAGE = {
  id: str,
  node_id: str,
  kind: str,
  ...COURSE,
  visible_text: str,
  private_reasoning: str,
  transcript: opaque,
  usage: map,
  artifacts: list,
  consumed_artifact_ids: strings,
  produced_artifact_ids: strings,
  attempts: list,
  metadata: map,
}
export type Stage = Read<typeof STAGE>

export const ATTEMPT = { attempt: num, error: str, ...COURSE }

export const AUDIT = {
  session_id: str,
  parent_session_id: str,
  mutation_scope: str,
  approval_policy: map,
}

/** What a run's list and a stage say of a worker in the same words. */
const DELEGATED = {
  task: str,
  request: opaque,
  provenance: opaque,
  status: str,
  started_at: stamp,
  finished_at: stamp,
  snapshot_path: str,
  execution: map,
}

/** The 17 fields of a delegated worker; `worker_id` is what makes two of them one. */
export const CHILD = {
  worker_id: str,
  worker_name: str,
  parent_stage_id: str,
  run_id: str,
  run_path: str,
  ...AUDIT,
  ...DELEGATED,
}
export type Child = Read<typeof CHILD>

/** `stage.metadata.worker`: the same worker as a stage saw it. */
export const STAGE_WORKER = {
  id: str,
  name: str,
  child_run_id: str,
  child_run_path: str,
  audit: map,
  ...DELEGATED,
}

export const TRANSITION = {
  id: str,
  from_stage_id: str,
  from_node_id: str,
  to_node_id: str,
  branch: str,
  timestamp: stamp,
}

export const USAGE = {
  input_tokens: num,
  output_tokens: num,
  cached_input_tokens: num,
  cache_read_tokens: num,
  reasoning_tokens: num,
  total_duration_ms: num,
  call_count: num,
  total_cost: num,
  models: strings,
}

export const QUESTION = { request_id: str, prompt: str, agent: str, trace_id: str, asked_at: stamp }

export const ARTIFACT = {
  _type: str,
  id: str,
  kind: str,
  title: str,
  text: str,
  data: opaque,
  source: str,
  created_at: stamp,
  stage: str,
  metadata: map,
}

export const HANDOFF = {
  id: str,
  parent_run_id: str,
  source_persona: str,
  target_persona_or_human: map,
  task: str,
  reason: str,
  evidence_refs: list,
  files_or_entities_touched: list,
  open_questions: list,
  blocked_on: list,
  requested_capabilities: list,
  allowed_side_effects: list,
  budget_remaining: map,
  deadline_checkback: map,
  confidence: num,
  receipt_links: list,
  created_at: stamp,
  metadata: map,
}
export type Handoff = Read<typeof HANDOFF>

export const TOOL_RECORDING = {
  tool_name: str,
  tool_use_id: str,
  args_hash: str,
  result: opaque,
  is_rejected: bool,
  duration_ms: num,
  iteration: num,
  timestamp: stamp,
}

export const TRIGGER = {
  id: str,
  provider: str,
  kind: str,
  received_at: stamp,
  occurred_at: stamp,
  dedupe_key: str,
  trace_id: str,
  signature_status: map,
}
