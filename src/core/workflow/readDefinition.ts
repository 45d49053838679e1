/**
 * Owns reading a definition from plain JSON: types and limits only, going on after every problem so that
 * all of them are reported. What could not be read is left out of the result.
 */
import type { Json } from '../entities.ts'
import { isUsableId } from '../ids.ts'
import type { DefinitionError, PhaseDefinition, WorkflowDefinition } from './definition.ts'

/** As many as the event vocabulary takes. */
const PHASES_MAX = 200
const AGENTS_MAX = 200
const NAME_MAX = 80
const DESCRIPTION_MAX = 2_000

const NOTHING: WorkflowDefinition = {
  id: '',
  name: '',
  description: '',
  phases: [],
  concurrency: 1,
  maxChildren: 1,
}

interface Fields {
  readonly [key: string]: Json
}

export function readDefinition(value: Json): {
  read: WorkflowDefinition
  errors: readonly DefinitionError[]
} {
  const errors: DefinitionError[] = []
  const malformed = (path: string, problem: string): void => {
    errors.push({ kind: 'malformed', path, message: `${path === '' ? 'The definition' : path} ${problem}.` })
  }
  if (!isObject(value)) {
    malformed('', 'is not an object')
    return { read: NOTHING, errors }
  }
  const fields: Fields = value

  function string(from: Fields, path: string, key: string, max: number): string {
    const text = from[key]
    const at = path === '' ? key : `${path}.${key}`
    if (typeof text !== 'string') malformed(at, 'is not a text')
    else if (text.length > max) malformed(at, `is longer than ${max} characters`)
    else return text
    return ''
  }

  /** A name that becomes part of an id. */
  function name(from: Fields, path: string, key: string, max: number): string {
    const text = string(from, path, key, max)
    if (typeof from[key] === 'string' && text.length <= max && !isUsableId(text)) {
      malformed(path === '' ? key : `${path}.${key}`, 'is empty, or has control characters or outer spaces')
    }
    return text
  }

  function names(from: Fields, path: string, key: string): readonly string[] {
    const list = from[key]
    const at = `${path}.${key}`
    if (!Array.isArray(list)) malformed(at, 'is not a list')
    else if (list.length > AGENTS_MAX) malformed(at, `has more than ${AGENTS_MAX} entries`)
    else if (!list.every((each) => typeof each === 'string' && isUsableId(each))) {
      malformed(at, 'holds something that is not a name')
    } else return list
    return []
  }

  function phase(from: Json, path: string): readonly PhaseDefinition[] {
    if (!isObject(from)) {
      malformed(path, 'is not an object')
      return []
    }
    const label = name(from, path, 'name', NAME_MAX)
    if (label.includes('.')) malformed(`${path}.name`, 'holds a dot, which separates the parts of run ids')
    const agentIds = names(from, path, 'agentIds')
    if (Array.isArray(from['agentIds']) && from['agentIds'].length === 0) {
      const message = `Phase “${label}” has no agents.`
      errors.push({ kind: 'emptyPhase', phase: label, message })
    }
    const read = {
      name: label,
      description: string(from, path, 'description', DESCRIPTION_MAX),
      agentIds,
      dependsOn: names(from, path, 'dependsOn'),
    }
    const hasForEach = from['forEach'] !== undefined && from['forEach'] !== null
    if (label === '') return []
    return [hasForEach ? { ...read, forEach: name(from, path, 'forEach', NAME_MAX) } : read]
  }

  function phases(): readonly PhaseDefinition[] {
    const list = fields['phases']
    if (!Array.isArray(list)) malformed('phases', 'is not a list')
    else if (list.length > PHASES_MAX) malformed('phases', `has more than ${PHASES_MAX} entries`)
    else if (list.length === 0) errors.push({ kind: 'noPhases', message: 'The definition has no phases.' })
    else return list.flatMap((each: Json, index) => phase(each, `phases[${index}]`))
    return []
  }

  function positive(key: string, kind: 'invalidConcurrency' | 'invalidMaxChildren'): number {
    const number = fields[key]
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 1) return number
    errors.push({ kind, message: `${key} is not a whole number of at least 1.` })
    return 1
  }

  const read: WorkflowDefinition = {
    id: name(fields, '', 'id', 200),
    name: string(fields, '', 'name', NAME_MAX * 2),
    description: string(fields, '', 'description', DESCRIPTION_MAX),
    phases: phases(),
    concurrency: positive('concurrency', 'invalidConcurrency'),
    maxChildren: positive('maxChildren', 'invalidMaxChildren'),
  }
  return { read, errors }
}

function isObject(value: Json): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
