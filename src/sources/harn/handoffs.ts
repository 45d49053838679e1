/**
 * Owns handoffs: the run's list, artifacts of that kind, and transcript events tell of the same ones. One an id, what is
 * missing filled in, in the order they were made.
 */
import type { Json } from '../../core/entities.ts'
import type { RunContext } from './context.ts'
import { details } from './context.ts'
import { handoffMark, idOr, line, MARKS } from './facts.ts'
import type { Handoff, JsonObject } from './records.ts'
import { HANDOFF, isObject, readRecord, withoutNulls } from './records.ts'
import { byTimeThenId, toEpochMs } from './times.ts'

interface Told {
  id: string
  value: Handoff
  raw: JsonObject
  at: number | null
}

/** Facts of all handoffs of a run. */
export function addHandoffs(context: RunContext): void {
  const { facts, agentLog, runId, startedAt, report } = context
  for (const { id, value, raw, at } of gather(context)) {
    const { confidence } = value
    const clamped = confidence === null ? null : Math.min(1, Math.max(0, confidence))
    if (clamped !== confidence)
      report.repaired(`Handoff ${id}: a confidence of ${confidence} was taken for ${clamped}.`)
    facts.add({
      log: agentLog,
      stream: MARKS,
      type: 'handoff.recorded',
      payload: {
        target: line(targetOf(value.target_persona_or_human)) ?? 'unknown',
        task: line(value.task),
        reason: line(value.reason),
        from: line(value.source_persona, 500),
        id,
        confidence: clamped,
        runId: value.parent_run_id || runId,
        ...details(raw),
      },
      key: handoffMark(id),
      at: [at, startedAt],
    })
  }
}

function gather(context: RunContext): readonly Told[] {
  const { run, stages, report } = context
  const handoffs = new Map<string, Told>()
  const put = (raw: Json, path: string, fallback: JsonObject): void => {
    if (!isObject(raw)) return report.skip(path, 'expected an object')
    const read = readRecord(HANDOFF, named(raw), path, report.skip)
    const id = idOr(read.id ?? (fallback['id'] as string | undefined), 'handoff', raw)
    const at = toEpochMs(read.created_at ?? fallback['created_at'])
    const known = handoffs.get(id)
    if (known === undefined) handoffs.set(id, { id, value: read, raw, at })
    else
      handoffs.set(id, {
        id,
        value: fill(known.value, read),
        raw: { ...raw, ...withoutNulls(known.raw) },
        at: known.at ?? at,
      })
  }

  run.handoffs?.forEach((raw, at) => put(raw, `handoffs[${at}]`, {}))
  const held = [
    { artifacts: run.artifacts, path: '' },
    ...stages.map((stage) => ({ artifacts: stage.value.artifacts, path: `${stage.path}.` })),
  ]
  for (const { artifacts, path } of held) {
    artifacts?.forEach((artifact, at) => {
      if (!isObject(artifact) || artifact['kind'] !== 'handoff') return
      put(isObject(artifact['data']) ? artifact['data'] : artifact, `${path}artifacts[${at}]`, artifact)
    })
  }
  for (const transcript of [run.transcript, ...stages.map(({ value }) => value.transcript)]) {
    const events = isObject(transcript) ? transcript['events'] : null
    if (!Array.isArray(events)) continue
    for (const event of events as readonly Json[]) {
      if (!isObject(event) || event['kind'] !== 'handoff') continue
      const body = event['handoff'] ?? event['metadata'] ?? event
      put(body, 'transcript.events', {
        ...event,
        ...(typeof event['artifact_id'] === 'string' && { id: event['artifact_id'] }),
      })
    }
  }
  return [...handoffs.values()].toSorted(
    byTimeThenId(
      ({ at }) => at,
      ({ id }) => id,
    ),
  )
}

/** Examples of harn's own write the target as text, or under a shorter name. */
function named(raw: JsonObject): JsonObject {
  const target = raw['target_persona_or_human'] ?? raw['target']
  if (typeof target !== 'string')
    return target === undefined ? raw : { ...raw, target_persona_or_human: target }
  return { ...raw, target_persona_or_human: { label: target } }
}

function targetOf(target: JsonObject | null): string | null {
  const names = ['label', 'id', 'name'].map((name) => target?.[name])
  return names.find((each): each is string => typeof each === 'string' && each !== '') ?? null
}

function fill(known: Handoff, told: Handoff): Handoff {
  const missing = (Object.keys(HANDOFF) as (keyof Handoff)[]).filter(
    (name) => known[name] === null || known[name] === '',
  )
  return { ...known, ...Object.fromEntries(missing.map((name) => [name, told[name]])) }
}
