/**
 * Owns how values become the texts of events: lines that fit, long texts with their length, errors and
 * tasks in words. Agents are foreign code, so nothing here trusts what it is given.
 */
import { toPlainJson } from '../core/bounds.ts'
import { CONTENT_LIMIT } from '../core/content.ts'
import type { Json, Text } from '../core/entities.ts'

const LINE_CHARS = 2_000
const PROMPT_CHARS = 300

/** Text for a field that holds one line: a reason, a label, a summary. */
export function line(text: string, max: number = LINE_CHARS): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`
}

/** Text of any length: the beginning, where it is too long to keep, with the length of the whole. */
export function longText(text: string): Text {
  return { preview: text.slice(0, CONTENT_LIMIT), chars: text.length, ref: null }
}

export function jsonText(value: Json): string {
  return JSON.stringify(value)
}

/** A result as a person reads it: texts as they are, everything else as JSON. */
export function readable(value: Json): string {
  return typeof value === 'string' ? value : jsonText(value)
}

/** What was thrown, in words; anything can be thrown. */
export function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return line(String(thrown.message || thrown.name))
    if (typeof thrown === 'string' && thrown !== '') return line(thrown)
    const plain = toPlainJson(thrown)
    return plain.ok && plain.value !== '' ? `threw ${line(jsonText(plain.value))}` : `threw ${typeof thrown}`
  } catch {
    return 'threw something unreadable'
  }
}

/** Members that say in short what an item is about, most telling first. */
const TELLING = ['question', 'prompt', 'title', 'name', 'text', 'path', 'url', 'id']

/** A child's task in short: its item, or what the workflow was asked. */
export function promptOf(task: { item: Json; input: Json }): string {
  const subject = task.item ?? task.input
  if (typeof subject === 'object' && subject !== null && !Array.isArray(subject)) {
    const fields = subject as { readonly [key: string]: Json }
    for (const key of TELLING) {
      const value = Object.hasOwn(fields, key) ? fields[key] : undefined
      if (typeof value === 'string' && value.trim() !== '') return line(value, PROMPT_CHARS)
    }
  }
  return subject === null ? '' : line(readable(subject), PROMPT_CHARS)
}

/** Makes a value shared by several agents unchangeable. */
export function freeze<Value extends Json>(value: Value): Value {
  const open: Json[] = [value]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null) continue
    Object.freeze(next)
    open.push(...Object.values(next))
  }
  return value
}
