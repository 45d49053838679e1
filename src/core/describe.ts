/**
 * Owns how an event reads in a log: one line, and how much it matters. Total: an unknown type reads as its
 * name.
 */
import type { RunEvent, Text } from './entities.ts'

export interface EventDescription {
  title: string
  detail: string | null
  tone: 'neutral' | 'good' | 'bad' | 'attention'
}

export function describeEvent({ type, payload, stream }: RunEvent): EventDescription {
  const say = (title: string, detail: unknown = null, tone: EventDescription['tone'] = 'neutral') => ({
    title,
    detail: toLine(detail),
    tone,
  })
  switch (type) {
    case 'run.registered':
      return say('Run registered', replaced(payload['origin']) ?? payload['agentName'] ?? payload['agentId'])
    case 'workflow.registered':
      return say('Workflow registered', payload['title'] ?? payload['definitionId'])
    case 'run.transitioned':
    case 'workflow.transitioned': {
      const to = words(payload['to'])
      const how = payload['inferred'] === true ? `${to} (inferred)` : to
      return say(
        `Became ${how}`,
        payload['error'] ?? payload['summary'] ?? payload['reason'] ?? preview(payload['result']),
        toneOf(payload['to']),
      )
    }
    case 'run.attempt_started':
    case 'workflow.attempt_started':
      if (payload['trigger'] === 'reconciliation')
        return say('Alive after all', 'its owner drives it', 'good')
      return preview(payload['plan']) === null
        ? say('New attempt', words(payload['trigger']))
        : say('Resumed by a plan', planned(preview(payload['plan'])))
    case 'phase.transitioned':
      return say(
        `Phase ${words(payload['phase'])} ${words(payload['to'])}`,
        payload['reason'],
        toneOf(payload['to']),
      )
    case 'iteration.started':
      return say(`Iteration ${toLine(payload['iteration'])}`)
    case 'tool.started':
      return say(
        `Called ${toLine(payload['name'])}${payload['effect'] === 'write' ? ', which may change something' : ''}`,
        preview(payload['args']) ?? payload['label'],
      )
    case 'tool.finished': {
      const failed = payload['status'] !== 'completed'
      const detail = payload['failure'] ?? preview(payload['output'])
      return say(
        `${toLine(payload['name']) ?? 'Tool'} ${words(payload['status'])}`,
        detail,
        failed ? 'bad' : 'neutral',
      )
    }
    case 'question.asked':
      return say('Asked', payload['prompt'], 'attention')
    case 'question.settled':
      return say(`Question ${words(payload['state'])}`, payload['answer'])
    case 'artifact.recorded':
      return say(`Produced ${toLine(payload['name'])}`, payload['mediaType'], 'good')
    case 'checkpoint.saved':
      return say('Checkpoint saved')
    case 'checkpoint.cleared':
      return say('Checkpoint cleared')
    case 'usage.reported':
      return say('Usage reported', payload['model'])
    case 'run.linked':
      return payload['childRunId'] === undefined
        ? say('Linked to its parent', payload['parentRunId'])
        : say('Launched a run', payload['childRunId'])
    case 'control.requested':
      return say(`${requestOf(payload)} ${words(payload['verb'])}`, payload['detail'], 'attention')
    case 'control.settled':
      return say(`Command ${words(payload['state'])}`, payload['detail'])
    case 'log.gap':
      return typeof payload['events'] === 'number'
        ? say('Events left out', `${payload['events']}: ${toLine(payload['reason'])}`, 'attention')
        : say('Events missing', `${toLine(payload['from'])}–${toLine(payload['to'])} never arrived`, 'bad')
    case 'foreign':
      return say(toLine(payload['name']) ?? 'Foreign event', keptAs(payload, stream))
    default:
      return say(words(type))
  }
}

/** What its source knows and the ledger has no event for, and what nobody here has heard of, are kept alike. */
const keptAs = ({ understood, source }: RunEvent['payload'], stream: string): string =>
  // The decoder names the stream as the source of a type it does not know.
  understood === false || source === stream ? 'Not understood. Kept as it came.' : 'Kept as it came.'

/** What we say of a command on its way is another fact than that it came to its orchestrator, which says so itself. */
function requestOf({ planned: isPlanned, state }: RunEvent['payload']): string {
  if (isPlanned === true) return 'Planned to'
  return state === 'queued' ? 'Queued to' : 'Asked to'
}

/** What a plan meant to do, in numbers; null when only a part of it is at hand. */
function planned(plan: string | null): string | null {
  const entries = plan === null ? null : parsed(plan)
  if (!Array.isArray(entries)) return null
  const said = ACTIONS.flatMap(([action, name]) => {
    const count = entries.filter((entry) => (entry as { action?: unknown } | null)?.action === action).length
    return count === 0 ? [] : [`${count} ${name}`]
  })
  return said.length === 0 ? null : said.join(', ')
}

const ACTIONS = [
  ['reuse', 'reused'],
  ['relaunch', 'launched again'],
  ['await', 'awaited'],
  ['blocked', 'left'],
] as const

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function replaced(origin: unknown): string | null {
  const former = (origin as { replayOf?: unknown } | null | undefined)?.replayOf
  return typeof former === 'string' ? `in place of ${former}` : null
}

const words = (value: unknown): string => (toLine(value) ?? 'unknown').replaceAll(/[_.]/g, ' ')

function toneOf(status: unknown): EventDescription['tone'] {
  if (status === 'completed') return 'good'
  if (status === 'failed' || status === 'interrupted') return 'bad'
  return status === 'awaiting_user' ? 'attention' : 'neutral'
}

function preview(value: unknown): string | null {
  return typeof value === 'object' && value !== null && 'preview' in value ? (value as Text).preview : null
}

function toLine(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  return typeof value === 'object' ? JSON.stringify(value) : String(value as number | boolean)
}
