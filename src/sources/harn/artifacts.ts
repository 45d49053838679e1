/** Owns artifacts and recorded tool calls. Handoffs among the artifacts are `handoffs.ts`'s. */
import { hashOf } from '../../core/contentKey.ts'
import { LIMITS } from '../../core/bounds.ts'
import type { Json } from '../../core/entities.ts'
import type { RunContext } from './context.ts'
import { idOr, line } from './facts.ts'
import { ARTIFACT, readList, TOOL_RECORDING } from './records.ts'
import { inTimeOrder, toEpochMs } from './times.ts'

interface Held {
  log: string
  artifacts: readonly Json[] | null
  path: string
  at: readonly (number | null)[]
  stream?: string
}

export function addArtifacts(
  { facts, report }: RunContext,
  { log, artifacts, path, at, stream }: Held,
): void {
  const names = new Set<string>()
  const read = readList(ARTIFACT, artifacts, `${path}.artifacts`, report.skip)
  const inOrder = inTimeOrder(
    read,
    ({ value }) => toEpochMs(value.created_at),
    ({ value, raw }) => idOr(value.id, 'artifact', raw),
  )
  for (const { value, raw, path: where } of inOrder) {
    if (value.kind === 'handoff') continue
    const id = idOr(value.id, 'artifact', raw)
    const plain = line(value.title, 300) ?? line(value.kind, 300) ?? id
    // A second one of the same name would take the place of the first.
    const name = names.has(plain) ? `${plain} (${id})` : plain
    names.add(name)
    const text = value.text ?? (value.data === null ? '' : JSON.stringify(value.data))
    if (text.length > LIMITS.string) report.note(`${where} is shown shortened; the whole of it is kept.`)
    facts.add({
      log,
      ...(stream !== undefined && { stream }),
      type: 'artifact.recorded',
      payload: {
        name,
        mediaType: value.text === null && value.data !== null ? 'application/json' : 'text/plain',
        content: text.slice(0, LIMITS.string),
        artifactId: id,
        artifactKind: line(value.kind, 200),
      },
      key: `artifact:${log}:${id}`,
      at: [toEpochMs(value.created_at), ...at],
    })
  }
}

/** harn records tools of the run as a whole; a call without an id is told by its content. */
export function addTools(context: RunContext): void {
  const { run, facts, report, agentLog: log, stream, startedAt } = context
  const read = readList(TOOL_RECORDING, run.tool_recordings, 'tool_recordings', report.skip)
  const inOrder = inTimeOrder(
    read,
    ({ value }) => toEpochMs(value.timestamp),
    ({ value, raw }) => value.tool_use_id || hashOf(raw),
  )
  const contents = new Map<string, string>()
  for (const { value, raw, path } of inOrder) {
    const content = hashOf(raw)
    const named = (value.tool_use_id || `tool_${content}`).slice(0, 300)
    const known = contents.get(`${value.iteration}:${named}`) ?? content
    contents.set(`${value.iteration}:${named}`, known)
    // Another call under the same id is another call; the same one again is a repetition.
    const callId = known === content ? named : `${named}#${content}`
    const name = line(value.tool_name, 500) ?? 'unknown'
    const ended = toEpochMs(value.timestamp)
    const elapsedMs = value.duration_ms !== null && value.duration_ms >= 0 ? value.duration_ms : null
    const began = ended === null ? null : ended - Math.round(elapsedMs ?? 0)
    const round = value.iteration
    const iteration = round !== null && Number.isSafeInteger(round) && round >= 0 ? round : undefined
    if (round !== null && iteration === undefined)
      report.skip(`${path}.iteration`, `${round} is no iteration.`)
    const call = { callId, name, ...(iteration !== undefined && { iteration }) }
    const key = `tool:${iteration ?? ''}:${callId}`
    const text =
      typeof value.result === 'string'
        ? value.result
        : value.result === null
          ? null
          : JSON.stringify(value.result)
    facts.add({
      log,
      stream,
      type: 'tool.started',
      payload: { ...call, argsHash: line(value.args_hash, 200) },
      key: `${key}:started`,
      at: [began, startedAt],
    })
    facts.add({
      log,
      stream,
      type: 'tool.finished',
      payload: {
        ...call,
        status: value.is_rejected === true ? 'failed' : 'completed',
        failure: value.is_rejected === true ? 'The call was rejected.' : null,
        ...(text !== null && { output: text.slice(0, LIMITS.string) }),
        elapsedMs,
      },
      key: `${key}:finished`,
      at: [ended, startedAt],
    })
  }
}
