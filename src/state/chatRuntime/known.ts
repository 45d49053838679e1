/** Owns leaving out what is not known, and reading what others wrote into a run's metadata. */
import type { AgentRun, Json, Text } from '../../core/entities.ts'

type Known<Fields> = { [Key in keyof Fields]?: NonNullable<Fields[Key]> }

/** The fields that are neither null nor undefined. */
export function known<Fields extends object>(fields: Fields): Known<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(entries) as Known<Fields>
}

/** A text of which only the beginning is at hand; null when all of it is. */
export const wholeOf = (text: Text | null): Text | null => (text?.ref ? text : null)

const told = (run: AgentRun, name: string): Json | undefined =>
  Object.hasOwn(run.metadata, name) ? run.metadata[name] : undefined

export function toldText(run: AgentRun, name: string): string | null {
  const value = told(run, name)
  return typeof value === 'string' && value !== '' ? value : null
}

export function toldNumber(run: AgentRun, name: string): number | null {
  const value = told(run, name)
  return typeof value === 'number' ? value : null
}

export function toldBoolean(run: AgentRun, name: string): boolean | null {
  const value = told(run, name)
  return typeof value === 'boolean' ? value : null
}

export function toldTexts(run: AgentRun, name: string): readonly string[] | null {
  const value = told(run, name)
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : null
}
