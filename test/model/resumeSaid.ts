/**
 * Owns what no orchestrator may say, whatever it was told: a paused run does nothing, a paused workflow launches
 * nothing, and what is settled is silent until its next attempt. SPEC F4a, O1.
 */
import type { RawEvent } from '../../src/core/events.ts'

const SETTLED: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled', 'interrupted'])
/** Work that goes on. The end of a call that was under way when the pause began is none. */
const WORK: ReadonlySet<string> = new Set([
  'iteration.started',
  'tool.started',
  'question.asked',
  'artifact.recorded',
])
/** What is said about a command is not said about the run. */
const isAside = (type: string): boolean => type.startsWith('control.')

interface Payload {
  to?: string
  status?: string
  workflowRunId?: string
}

/** What one life of an orchestrator should not have said. */
export function misspoken(epoch: string, events: readonly RawEvent[]): readonly string[] {
  const status = new Map<string, string>()
  const wrong: string[] = []
  for (const { log, type, payload } of events) {
    const { to, status: opened, workflowRunId } = payload as Payload
    const now = status.get(log) ?? 'pending'
    const isOpening = type.endsWith('.attempt_started') || type.endsWith('.registered')
    if (SETTLED.has(now) && !isOpening && !isAside(type)) wrong.push(`F4 ${epoch}: ${type} of ${log}, ${now}`)
    if (now === 'paused' && (WORK.has(type) || to === 'completed' || to === 'failed')) {
      wrong.push(`${epoch}: ${type} ${to ?? ''} of ${log}, which is paused`)
    }
    if (type === 'run.registered' && status.get(`w:${workflowRunId ?? ''}`) === 'paused') {
      wrong.push(`${epoch}: ${log} launched by a paused workflow`)
    }
    if (to !== undefined && type !== 'phase.transitioned') status.set(log, to)
    else if (isOpening) status.set(log, opened ?? 'pending')
  }
  return wrong
}
