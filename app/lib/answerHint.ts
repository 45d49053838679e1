/** Owns what a person is told about the form of an answer that takes more than a text, and how what they typed is read. */
import { answerFromText, checkAnswer } from 'run-ledger'
import type { Json, Question } from 'run-ledger'

type Table = { readonly [key: string]: Json }

/** Null where any text will do. */
export function answerHint({ schema, options }: Question): string | null {
  if (options.length > 0 || !isTable(schema)) return null
  const { type, properties } = schema
  if (!isTable(properties)) return typeof type === 'string' ? simpleHint(schema, type) : null
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const fields = Object.entries(properties).map(([name, field]) => {
    const said = isTable(field) ? kindOf(field) : 'anything'
    return `${name} (${said}${required.includes(name) ? '' : ', may be left out'})`
  })
  return `JSON, with ${fields.join(' and ')}.`
}

/** A misfit is told of what was meant: of the JSON, where the text is some. */
export function readAnswer(question: Question, typed: string): { answer: Json; misfit: string | null } {
  const answer = answerFromText(question, typed)
  const misfit = checkAnswer(question, answer)
  const hint = answerHint(question)
  if (misfit === null || hint === null) return { answer, misfit }
  try {
    return { answer, misfit: checkAnswer(question, JSON.parse(typed) as Json) ?? misfit }
  } catch {
    return { answer, misfit: 'The answer has another form than the one asked for.' }
  }
}

function simpleHint(schema: Table, type: string): string | null {
  const said = kindOf(schema)
  if (type === 'string') return said === 'text' ? null : `A text: ${said}.`
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`
}

function kindOf(field: Table): string {
  const { type, enum: values } = field
  if (Array.isArray(values)) return `one of ${values.map((value: Json) => JSON.stringify(value)).join(', ')}`
  if (type === 'string') return 'text'
  if (type === 'boolean') return 'true or false'
  if (type === 'integer') return `a whole number${range(field)}`
  if (type === 'number') return `a number${range(field)}`
  if (type === 'array') return 'a JSON list'
  return type === 'object' ? 'a JSON object' : 'anything'
}

function range({ minimum, maximum }: Table): string {
  if (typeof minimum === 'number' && typeof maximum === 'number') return ` from ${minimum} to ${maximum}`
  if (typeof minimum === 'number') return `, at least ${minimum}`
  return typeof maximum === 'number' ? `, at most ${maximum}` : ''
}

const isTable = (value: Json | undefined): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
